using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Stages;

namespace HieraVid.Grains;

/// <summary>Makes the pictures of a job's report, on a silo that decodes; its key is the job's id.</summary>
public interface IPictureGrain : IGrainWithStringKey
{
    /// <summary>Decodes frames of the job's video once more.</summary>
    /// <param name="times">When they are shown, in seconds, ascending.</param>
    [ResponseTimeout("00:10:00")]
    Task<PicturesDone> Make(double[] times);
}

/// <summary>Where the pictures are.</summary>
/// <param name="Name">Their name in the store; whoever asked takes them out.</param>
/// <param name="Fault">Why there are none, in a sentence; empty where there are.</param>
[GenerateSerializer, Immutable]
public sealed record PicturesDone(string Name, string Fault);

/// <inheritdoc cref="IPictureGrain"/>
[RequiresRole(Roles.Cpu)]
internal sealed class PictureGrain(WorkHost host) : Grain, IPictureGrain
{
    public Task<PicturesDone> Make(double[] times)
    {
        var job = this.GetPrimaryKeyString();
        return Task.Run(async () =>
        {
            try
            {
                var kept = new ReportBlocks(host.Blobs, job);
                if (kept.TryReadSheet() is not { } sheet)
                    return new PicturesDone("", $"Job {job} has no report.");
                return new PicturesDone(kept.WritePictures(await VideoStages.PicturesAsync(sheet, times, host.Shelf, host.Limits, CancellationToken.None)), "");
            }
            catch (Exception e) when (JobFault.Of(e) is { } fault)
            {
                return new PicturesDone("", fault.Reason);
            }
        });
    }
}
