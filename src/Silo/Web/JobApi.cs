using System.Runtime.CompilerServices;
using HieraVid.Contracts;
using HieraVid.Grains;
using HieraVid.Pipeline;
using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Stages;
using HieraVid.Queue;

namespace HieraVid.Silo;

/// <summary>Jobs over HTTP, for clients that have no broker and for questions that the broker cannot answer.</summary>
internal static class JobApi
{
    private static readonly TimeSpan s_glance = TimeSpan.FromMilliseconds(200);

    internal static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/jobs", async (SubmitVideoJob job, IJobIntake intake, CancellationToken cancellation) =>
        {
            await intake.AcceptAsync(job, cancellation);
            return Results.Accepted($"/jobs/{job.JobId:N}", new { job.JobId });
        });
        app.MapGet("/jobs", async (IGrainFactory grains, int? most) =>
        {
            var ids = await grains.GetGrain<IJobIndexGrain>(0).Newest(Math.Clamp(most ?? 20, 1, 200));
            var jobs = await Task.WhenAll(ids.Select(id => grains.GetGrain<IVideoJobGrain>(id).Status()));
            return jobs.OfType<JobStatus>().ToList();
        });
        app.MapGet("/jobs/{id:guid}", async (Guid id, IGrainFactory grains) =>
            await Job(grains, id).Status() is { } status ? Results.Ok(status) : Unknown(id));
        app.MapGet("/jobs/{id:guid}/watch", async (Guid id, IGrainFactory grains, CancellationToken cancellation) =>
            await Job(grains, id).Status() is null ? Unknown(id) : Results.Ok(WatchAsync(Job(grains, id), cancellation)));
        app.MapPost("/jobs/{id:guid}/cancel", async (Guid id, IGrainFactory grains) =>
            await Job(grains, id).Cancel() is { } status ? Results.Ok(status) : Unknown(id));
        app.MapGet("/jobs/{id:guid}/result", async (Guid id, IBlobs blobs, IGrainFactory grains) =>
        {
            if (await Job(grains, id).Status() is not { } status)
                return Unknown(id);
            var result = await Task.Run(() => new JobBlocks(blobs, id.ToString("N")).TryRead<AnswerReport>(JobBlocks.Result));
            return result is null ? Results.Conflict(new { Reason = $"Job {id:N} is {status.Phase} and has no result." }) : Results.Ok(result);
        });
        app.MapGet("/jobs/{id:guid}/report", (Guid id, IBlobs blobs) => ReportApi.ReportAsync(id, blobs));
        app.MapPost("/jobs/{id:guid}/pictures", (Guid id, double[] times, IBlobs blobs, IGrainFactory grains) => ReportApi.PicturesAsync(id, times, blobs, grains));
        app.MapGet("/board", (IGrainFactory grains) => grains.GetGrain<IWorkBoardGrain>(0).Status());
    }

    private static IVideoJobGrain Job(IGrainFactory grains, Guid id) => grains.GetGrain<IVideoJobGrain>(id.ToString("N"));

    private static IResult Unknown(Guid id) => Results.NotFound(new { Reason = $"There is no job {id:N}." });

    // Asked again and again: that survives the job's silo, which a subscription would not.
    private static async IAsyncEnumerable<JobStatus> WatchAsync(IVideoJobGrain job, [EnumeratorCancellation] CancellationToken cancellation)
    {
        JobStatus? last = null;
        while (!cancellation.IsCancellationRequested)
        {
            if (await TryStatusAsync(job) is { } status && status != last)
            {
                yield return last = status;
                if (status.IsOver)
                    yield break;
            }
            await Task.Delay(s_glance, cancellation);
        }
    }

    private static async Task<JobStatus?> TryStatusAsync(IVideoJobGrain job)
    {
        try
        {
            return await job.Status();
        }
        catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException)
        {
            return null;
        }
    }
}
