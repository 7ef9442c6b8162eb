using HieraVid.Grains;
using HieraVid.Pipeline;
using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Stages;

namespace HieraVid.Silo;

/// <summary>Counts the tokens of jobs that are answered, and passes the news on.</summary>
/// <param name="news">Who is told.</param>
/// <param name="metrics">Where they are counted.</param>
/// <param name="blobs">Where the results are.</param>
internal sealed class CountedNews(IJobNews news, ClusterMetrics metrics, IBlobs blobs) : IJobNews
{
    public Task AcceptedAsync(JobStatus job) => news.AcceptedAsync(job);

    public Task ProgressAsync(JobStatus job, TextPiece? text) => news.ProgressAsync(job, text);

    public async Task EndedAsync(JobStatus job)
    {
        // Read before anybody is told: where that fails, all of it is done again.
        var report = job.Phase == "completed" ? await Task.Run(() => new JobBlocks(blobs, job.Id).TryRead<AnswerReport>(JobBlocks.Result)) : null;
        await news.EndedAsync(job);
        if (report is null)
            return;
        var tokens = report.Tokens;
        metrics.Pruned("input", tokens.Visual, tokens.AfterMerge);
        var entered = tokens.AfterMerge;
        for (var layer = 0; layer < tokens.PerLayer.Count; layer++)
        {
            if (tokens.PerLayer[layer] != entered)
                metrics.Pruned($"layer-{layer}", entered, tokens.PerLayer[layer]);
            entered = tokens.PerLayer[layer];
        }
    }
}
