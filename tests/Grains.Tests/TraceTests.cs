using System.Collections.Concurrent;
using System.Diagnostics;

namespace HieraVid.Grains.Tests;

/// <summary>One trace holds all that is done for a job, on whichever silo and device.</summary>
[Collection(nameof(WithSilos))]
public sealed class TraceTests(TestSilos silos)
{
    [Fact]
    public async Task The_trace_of_who_submits_reaches_every_piece_of_work()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Traces.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using var cluster = await silos.StartAsync(3, Roles.Cpu | Roles.Ingress, Roles.Gpu, Roles.Prefill);
        var (request, id) = (silos.Ask(chunkFrames: 8), Guid.NewGuid().ToString("N"));
        var submit = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        await cluster.GrainFactory.GetGrain<IVideoJobGrain>(id).Submit(
            new Submission(ClusterHosting.Pack(request), "", "") { Trace = $"00-{submit.TraceId}-{submit.SpanId}-01" });
        await TestSilos.EndOfAsync(cluster, id);
        for (var i = 0; i < 200 && spans.All(span => span.OperationName != "end" || $"{span.GetTagItem("hieravid.job")}" != id); i++)
            await Task.Delay(50, TestContext.Current.CancellationToken);

        var own = spans.Where(span => $"{span.GetTagItem("hieravid.job")}" == id).ToList();
        Assert.All(own, span => Assert.Equal(submit.TraceId, span.TraceId));
        var accept = Assert.Single(own, span => span.OperationName == "accept");
        Assert.Equal(submit.SpanId, accept.ParentSpanId);
        Assert.All(own.Where(span => span != accept), span => Assert.Equal(accept.SpanId, span.ParentSpanId));
        Assert.Equal(["accept", "answer", "apply", "cut", "decode", "encode", "end", "plan", "probe", "summarise"],
            own.Select(span => span.OperationName).Distinct().Order());
        foreach (var kind in new[] { "decode", "encode", "summarise" })
            Assert.Equal([0, 1, 2], own.Where(span => span.OperationName == kind).Select(span => (int)span.GetTagItem("hieravid.chunk")!).Distinct().Order());
        Assert.Contains(own, span => span.OperationName == "encode" && $"{span.GetTagItem("hieravid.worker")}".StartsWith("silo1/", StringComparison.Ordinal));
        Assert.Contains(own, span => span.OperationName == "answer" && $"{span.GetTagItem("hieravid.worker")}".StartsWith("silo2/", StringComparison.Ordinal));
        Assert.Equal("completed", Assert.Single(own, span => span.OperationName == "end").GetTagItem("hieravid.outcome"));
        Assert.DoesNotContain(own, span => span.Status == ActivityStatusCode.Error);
    }

    [Fact]
    public async Task A_refused_job_fails_at_once_with_its_sentence_and_leaves_nothing()
    {
        await using var cluster = await silos.StartAsync(1, Roles.Ingress);
        var id = Guid.NewGuid().ToString("N");
        await cluster.GrainFactory.GetGrain<IVideoJobGrain>(id).Submit(
            new Submission(ClusterHosting.Pack(silos.Ask() with { VideoPath = "secret" }), "https://host/v.mp4", "?") { Refusal = "The address is refused." });
        var status = await TestSilos.EndOfAsync(cluster, id);
        Assert.Equal(("failed", true, "The address is refused."), (status.Phase, status.IsUsersMistake, status.Fault));
        Assert.Empty(silos.Blobs.List($"jobs/{id}"));
    }
}
