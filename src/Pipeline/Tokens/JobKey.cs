using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using HieraVid.Models;
using HieraVid.Pruning;
using HieraVid.Video;

namespace HieraVid.Pipeline.Tokens;

/// <summary>
/// Says which encoded tokens are the same: those of the same frames of the same file, cut in the same way and encoded by
/// the same weights on the same kind of device. Question and pruning method have no part in it.
/// </summary>
internal static class JobKey
{
    // Raised when the same input would be encoded to other tokens.
    private const int Version = 1;

    private const int SampleBytes = 1 << 20;

    /// <summary>The key, a name for a folder.</summary>
    /// <param name="video">The video file.</param>
    /// <param name="plan">The frames.</param>
    /// <param name="chunkFrames">Frames per chunk.</param>
    /// <param name="modelFolders">Where the weights come from.</param>
    /// <param name="variant">What was changed about how frames become tokens.</param>
    /// <param name="compute">Device and precision.</param>
    /// <param name="signals">What is stored beside the tokens.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    internal static string Of(
        string video, SamplingPlan plan, int chunkFrames, IEnumerable<string> modelFolders, string variant, Compute compute,
        IEnumerable<VisionSignal> signals)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Add(string fact) => hash.AppendData(Encoding.UTF8.GetBytes(fact + "\n"));
        Add(FormattableString.Invariant($"{Version} {chunkFrames} {compute.Device.type} {compute.DTypeName} {variant} {string.Join(",", signals)}"));
        AddVideo(hash, video, Add);
        hash.AppendData(MemoryMarshal.AsBytes<int>(plan.FrameIndices));
        foreach (var folder in modelFolders)
        {
            // Gigabytes of weights are known by name, size and time; whoever changes them changes these.
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles().OrderBy(file => file.Name, StringComparer.Ordinal))
                Add(FormattableString.Invariant($"{file.Name} {file.Length} {file.LastWriteTimeUtc.Ticks}"));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..32];
    }

    // A video is known by its size and its first and last megabyte, so that it may be moved or downloaded again.
    private static void AddVideo(IncrementalHash hash, string video, Action<string> add)
    {
        using var file = new FileStream(video, FileMode.Open, FileAccess.Read, FileShare.Read);
        add(FormattableString.Invariant($"{file.Length}"));
        var bytes = new byte[SampleBytes];
        hash.AppendData(bytes.AsSpan(0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)));
        file.Position = Math.Max(0, file.Length - SampleBytes);
        hash.AppendData(bytes.AsSpan(0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)));
    }
}
