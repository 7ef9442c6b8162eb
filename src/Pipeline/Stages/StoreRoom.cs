using System.Globalization;
using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Pipeline.Stages;

/// <summary>
/// The room that a cluster's store has for the tokens of all jobs together. A job asks for it once, before its work is cut, by
/// a mark in its part of the store that goes with the job; who asked first is served first. So it is counted what jobs are
/// going to hold, not what they hold already.
/// </summary>
/// <param name="blobs">The store.</param>
/// <param name="limitBytes">Most that it may hold of tokens.</param>
internal sealed class StoreRoom(IBlobs blobs, long limitBytes)
{
    private const string Folder = "jobs", Prefix = "room-";

    /// <summary>Asks for room.</summary>
    /// <param name="job">The job; it may ask as often as it likes.</param>
    /// <param name="bytes">What it is going to hold.</param>
    /// <returns>False where others are before it, to be asked again later.</returns>
    /// <exception cref="JobException">The job alone is larger than all the room.</exception>
    internal bool TryTake(string job, long bytes)
    {
        if (bytes > limitBytes)
        {
            throw JobException.Bad(FormattableString.Invariant(
                $"The tokens of this job need {bytes / 1e9:0.###} GB and the cluster's store may hold {limitBytes / 1e9:0.###} GB: take fewer frames, or have the operator raise StoreGigabytes."));
        }
        var own = FormattableString.Invariant($"{Folder}/{job}/{Prefix}{bytes}");
        // A mark that is there keeps its place in the line.
        if (!blobs.Exists(own))
            blobs.Put(own, path => File.WriteAllBytes(path, []));
        var all = blobs.List(Folder);
        // What lost its job counts no more: a late worker may have left it.
        HashSet<string> open = [.. all.Where(file => file.Name.EndsWith("/" + JobBlocks.Request, StringComparison.Ordinal)).Select(file => JobOf(file.Name))];
        long held = 0;
        foreach (var mark in all.Where(file => Bytes(file) > 0).OrderBy(file => file.ModifiedUtc).ThenBy(file => file.Name, StringComparer.Ordinal))
        {
            if (mark.Name == own)
                break;
            if (open.Contains(JobOf(mark.Name)))
                held += Bytes(mark);
        }
        return held + bytes <= limitBytes;
    }

    private static string JobOf(string name) => name.Split('/')[1];

    private static long Bytes(BlobEntry file) => file.Name.Split('/') is [_, _, var part] && part.StartsWith(Prefix, StringComparison.Ordinal)
        && long.TryParse(part.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : 0;
}

/// <summary>There is no room in the store yet: others are before this job.</summary>
internal sealed class NoRoomYetException() : Exception("There is no room in the store yet.");
