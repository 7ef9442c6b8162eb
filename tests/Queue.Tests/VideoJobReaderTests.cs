using HieraVid.Contracts;

namespace HieraVid.Queue.Tests;

/// <summary>Whatever becomes of a job's events on their way, the reader ends with what was said.</summary>
public sealed class VideoJobReaderTests
{
    private static readonly Guid s_job = Guid.NewGuid();

    [Fact]
    public void Lost_doubled_and_reordered_events_give_the_same_end()
    {
        const string Answer = "A red ball rolls from left to right.";
        List<VideoJobEvent> told = [new VideoJobAccepted { JobId = s_job }];
        for (var done = 1; done <= 12; done++)
            told.Add(new VideoJobProgress { JobId = s_job, Sequence = done, Stage = "encode", Done = done, Total = 12 });
        for (var at = 0; at < Answer.Length; at += 3)
        {
            var piece = Answer[at..Math.Min(at + 3, Answer.Length)];
            told.Add(Piece(100 + at, at, piece));
        }
        var end = new VideoJobCompleted { JobId = s_job, Sequence = long.MaxValue, Answer = Answer, Finish = "stop" };
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            // Each once, twice or not at all, in any order; and the end among the last of them, perhaps twice.
            var events = told.SelectMany(one => Enumerable.Repeat(one, random.Next(3))).OrderBy(_ => random.Next()).ToList();
            events.InsertRange(events.Count - random.Next(Math.Min(5, events.Count)), [end, end]);
            var (reader, ends, newest) = (new VideoJobReader(), 0, 0);
            foreach (var happened in events)
            {
                var before = reader.Text;
                if (reader.Read(happened) && happened is VideoJobCompleted)
                    ends++;
                Assert.StartsWith(before, reader.Text, StringComparison.Ordinal);
                Assert.StartsWith(reader.Text, Answer, StringComparison.Ordinal);
                if (reader.Stages.TryGetValue("encode", out var encode))
                {
                    Assert.True(encode.Done >= newest);
                    newest = encode.Done;
                }
            }
            Assert.Equal((1, Answer, end), (ends, reader.Text, reader.End));
        }
    }

    [Fact]
    public void A_gap_in_the_answer_shows_until_it_is_filled()
    {
        var reader = new VideoJobReader();
        Assert.True(reader.Read(Piece(1, 0, "A re")));
        Assert.False(reader.IsBehind);
        reader.Read(Piece(3, 6, "ball"));
        Assert.Equal((true, "A re"), (reader.IsBehind, reader.Text));
        // The whole of it, as the cluster tells it when it is asked.
        reader.Read(Piece(4, 0, "A red ba"));
        Assert.Equal((false, "A red ball"), (reader.IsBehind, reader.Text));
    }

    [Fact]
    public void An_unknown_job_may_become_known()
    {
        var reader = new VideoJobReader();
        Assert.True(reader.Read(new VideoJobUnknown { JobId = s_job }));
        Assert.False(reader.IsKnown);
        Assert.True(reader.Read(new VideoJobAccepted { JobId = s_job }));
        Assert.True(reader.IsKnown);
        Assert.True(reader.Read(new VideoJobFailed { JobId = s_job, Reason = "No." }));
        Assert.False(reader.Read(new VideoJobCompleted { JobId = s_job, Answer = "Yes.", Finish = "stop" }));
        Assert.IsType<VideoJobFailed>(reader.End);
    }

    private static VideoJobProgress Piece(long sequence, int start, string text) =>
        new() { JobId = s_job, Sequence = sequence, Stage = "generate", TextStart = start, Text = text };
}
