using HieraVid.Grains;
using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Stages;
using HieraVid.Video;

namespace HieraVid.Silo;

/// <summary>What the HTML report of a job is made of; the client puts it together.</summary>
internal static class ReportApi
{
    /// <summary>All but the pictures, as the store has it (<see cref="KeptReport"/>).</summary>
    internal static async Task<IResult> ReportAsync(Guid id, IBlobs blobs)
    {
        var file = await Task.Run(() => blobs.Get(new ReportBlocks(blobs, $"{id:N}").Name));
        return file is null ? Refused($"Job {id:N} is not answered, so it has no report.") : Results.Stream(async body =>
        {
            using (file)
            {
                await using var packed = File.OpenRead(file.Path);
                await packed.CopyToAsync(body);
            }
        }, "application/gzip");
    }

    /// <summary>Pictures of some frames, which a silo that decodes makes.</summary>
    internal static async Task<IResult> PicturesAsync(Guid id, double[] times, IBlobs blobs, IGrainFactory grains)
    {
        if (times.Length > FrameThumbnails.Most || !times.SequenceEqual(times.Order()))
            return Results.BadRequest(new { Reason = $"Pictures are made of at most {FrameThumbnails.Most} frames, by ascending times." });
        var done = await grains.GetGrain<IPictureGrain>($"{id:N}").Make(times);
        return done.Fault.Length > 0 ? Refused(done.Fault) : Results.Ok(await Task.Run(() => new ReportBlocks(blobs, $"{id:N}").TakePictures(done.Name)));
    }

    private static IResult Refused(string reason) => Results.Conflict(new { Reason = reason });
}
