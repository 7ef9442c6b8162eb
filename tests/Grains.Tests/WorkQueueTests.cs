namespace HieraVid.Grains.Tests;

/// <summary>The board's rules, by a clock of our own.</summary>
public sealed class WorkQueueTests
{
    private static readonly TimeSpan s_lease = TimeSpan.FromSeconds(30);

    private readonly WorkQueue _queue = new(s_lease);
    private DateTimeOffset _now = DateTimeOffset.UnixEpoch;

    [Fact]
    public void Work_of_a_silent_worker_is_given_to_another_once_its_lease_is_over()
    {
        _queue.Offer("a", 0, [Encode("a", 0)], _now);
        var item = _queue.Take(Roles.Gpu, "hung", _now)!;
        _now += s_lease * 0.9;
        Assert.True(_queue.Renew(item, "hung", _now));
        _now += s_lease * 0.9;
        Assert.Empty(_queue.Expire(_now).Expired);
        Assert.Null(_queue.Take(Roles.Gpu, "other", _now));
        _now += s_lease * 0.2;
        Assert.Equal([item], _queue.Expire(_now).Expired);
        Assert.Equal(item, _queue.Take(Roles.Gpu, "other", _now));
        Assert.False(_queue.Renew(item, "hung", _now));
        Assert.Equal(1, _queue.Expired);
    }

    [Fact]
    public void Work_that_every_worker_is_lost_over_is_given_up()
    {
        _queue.Offer("a", 0, [Encode("a", 0)], _now);
        for (var attempt = 1; attempt <= WorkQueue.MaxAttempts; attempt++)
        {
            var item = _queue.Take(Roles.Gpu, $"gpu{attempt}", _now)!;
            _now += s_lease * 1.1;
            Assert.Equal(attempt == WorkQueue.MaxAttempts ? [item] : [], _queue.Expire(_now).GivenUp);
        }
    }

    [Fact]
    public void Workers_get_what_their_role_does_and_nothing_twice()
    {
        _queue.Offer("a", 0, [Decode("a", 0), Encode("a", 1)], _now);
        _queue.Offer("a", 0, [Decode("a", 0), Encode("a", 1)], _now);
        Assert.Equal(WorkKind.Decode, _queue.Take(Roles.Cpu, "cpu", _now)!.Kind);
        Assert.Null(_queue.Take(Roles.Cpu, "cpu", _now));
        Assert.Equal(WorkKind.Encode, _queue.Take(Roles.Gpu, "gpu", _now)!.Kind);
        Assert.Null(_queue.Take(Roles.Gpu, "gpu", _now));
        Assert.Null(_queue.Take(Roles.Prefill, "prefill", _now));
    }

    [Fact]
    public void Decoding_stops_where_devices_cannot_follow()
    {
        _queue.Offer("a", 0, Enumerable.Range(0, 100).Select(i => Decode("a", i)), _now);
        _queue.Take(Roles.Gpu, "gpu", _now);
        var taken = 0;
        while (_queue.Take(Roles.Cpu, "cpu", _now) is { } item)
        {
            _queue.Complete(item, "cpu", _now);
            Assert.InRange(++taken, 1, 10);
        }
        Assert.Equal(taken, _queue.Status().Waiting[WorkKind.Encode]);
        var encode = _queue.Take(Roles.Gpu, "gpu", _now)!;
        Assert.Null(_queue.Take(Roles.Cpu, "cpu", _now));
        _queue.Complete(encode, "gpu", _now);
        Assert.NotNull(_queue.Take(Roles.Cpu, "cpu", _now));
    }

    [Fact]
    public void Summaries_wait_a_moment_for_the_device_that_has_the_tokens()
    {
        _queue.Offer("a", 0, [Encode("a", 0)], _now);
        _queue.Complete(_queue.Take(Roles.Gpu, "home", _now)!, "home", _now);
        _queue.Offer("a", 0, [new WorkItem("a", WorkKind.Summarise, 0, Chunk: 0)], _now);
        Assert.Null(_queue.Take(Roles.Gpu, "other", _now));
        _now += TimeSpan.FromSeconds(3);
        Assert.NotNull(_queue.Take(Roles.Gpu, "other", _now));
    }

    [Fact]
    public void Higher_priority_goes_first_then_the_older_job_then_the_later_stage()
    {
        _queue.Offer("old", 0, [Encode("old", 5), new WorkItem("old", WorkKind.Summarise, 1, Chunk: 1)], _now);
        _queue.Offer("new", 0, [new WorkItem("new", WorkKind.Apply, 0, Chunk: 0)], _now);
        _queue.Offer("urgent", 2, [Encode("urgent", 0)], _now);
        var order = Enumerable.Range(0, 4).Select(i => _queue.Take(Roles.Gpu, $"gpu{i}", _now)!).Select(item => $"{item.Job} {item.Kind}");
        Assert.Equal(["urgent Encode", "old Summarise", "old Encode", "new Apply"], order);
    }

    [Fact]
    public void What_fails_waits_longer_each_time_and_is_given_up_in_the_end()
    {
        _queue.Offer("a", 0, [Encode("a", 0)], _now);
        for (var attempt = 1; attempt <= WorkQueue.MaxAttempts; attempt++)
        {
            var item = _queue.Take(Roles.Gpu, "gpu", _now)!;
            Assert.Equal(attempt < WorkQueue.MaxAttempts, _queue.HandBack(item, "gpu", failed: true, _now));
            Assert.Null(_queue.Take(Roles.Gpu, "gpu", _now));
            _now += TimeSpan.FromSeconds(40);
        }
    }

    [Fact]
    public void A_job_that_is_over_does_not_come_back_and_its_workers_are_told()
    {
        _queue.Offer("a", 0, [Encode("a", 0), Encode("a", 1)], _now);
        var item = _queue.Take(Roles.Gpu, "gpu", _now)!;
        Assert.Equal([(Roles.Gpu, "gpu")], _queue.Withdraw("a"));
        Assert.False(_queue.Renew(item, "gpu", _now));
        // A job that offers work nevertheless does not know that it is over.
        Assert.False(_queue.Offer("a", 0, [Encode("a", 1)], _now));
        Assert.Null(_queue.Take(Roles.Gpu, "gpu", _now));
    }

    [Fact]
    public void A_board_that_was_lost_learns_from_workers_what_they_are_at()
    {
        var item = Encode("a", 0);
        Assert.True(_queue.Renew(item, "gpu", _now));
        // The job knows only that the chunk is not encoded yet, and offers it from the beginning.
        _queue.Offer("a", 0, [Decode("a", 0)], _now);
        Assert.Null(_queue.Take(Roles.Cpu, "cpu", _now));
        Assert.Null(_queue.Take(Roles.Gpu, "other", _now));
        Assert.False(_queue.Renew(item, "other", _now));
    }

    private static WorkItem Decode(string job, int chunk) => new(job, WorkKind.Decode, chunk, chunk * 4, 4, Chunk: chunk);

    private static WorkItem Encode(string job, int chunk) => Decode(job, chunk) with { Kind = WorkKind.Encode };
}
