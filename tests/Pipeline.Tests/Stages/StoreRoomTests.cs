using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Stages;

namespace HieraVid.Pipeline.Tests.Stages;

/// <summary>Jobs share the room of a store in the order in which they ask for it.</summary>
public sealed class StoreRoomTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("room-").FullName;

    private FolderBlobs Blobs => new(_folder);

    private StoreRoom Room => new(Blobs, 100);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Who_does_not_fit_waits_until_another_is_over_and_nobody_is_overtaken()
    {
        Assert.True(Take("a", 60));
        Assert.True(Take("b", 40));
        Assert.False(Take("c", 90));
        // It would fit, but the one before it would wait for ever.
        Assert.False(Take("d", 10));
        Assert.True(Take("a", 60));
        new JobBlocks(Blobs, "a").Clear();
        Assert.False(Take("c", 90));
        new JobBlocks(Blobs, "b").Clear(isAnswered: false);
        Assert.True(Take("c", 90));
        Assert.True(Take("d", 10));
    }

    [Fact]
    public void What_is_larger_than_all_the_room_is_refused_with_the_numbers()
    {
        var refused = Assert.Throws<JobException>(() => new StoreRoom(Blobs, 2_000_000_000).TryTake("a", 5_000_000_000));
        Assert.True(refused.IsUsersMistake);
        Assert.Contains("need 5 GB and the cluster's store may hold 2 GB", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Blobs.List(""));
    }

    [Fact]
    public void A_mark_without_a_job_counts_no_more()
    {
        Assert.True(Take("a", 100));
        Blobs.Delete("jobs/a/request.json");
        Assert.True(Take("b", 100));
    }

    private bool Take(string job, long bytes)
    {
        if (!Blobs.Exists($"jobs/{job}/request.json"))
            new JobBlocks(Blobs, job).Put(JobBlocks.Request, []);
        var taken = Room.TryTake(job, bytes);
        // Files of one moment would stand in the order of their names; a later one is later here.
        foreach (var mark in Directory.GetFiles(Path.Combine(_folder, "jobs", job), "room-*"))
            File.SetLastWriteTimeUtc(mark, DateTime.UnixEpoch.AddSeconds(job[0]));
        return taken;
    }
}
