using System.Globalization;
using static TorchSharp.torch;

namespace HieraVid.Models.Devices;

/// <summary>
/// A device as users write it: <c>cpu</c>, <c>cuda:N</c>, or <c>cpu:N</c>, a logical device of the one CPU, which proves the paths
/// between devices where there is one only.
/// </summary>
/// <param name="Name">The name, which tells two devices apart.</param>
public sealed record NamedDevice(string Name)
{
    /// <summary>Most logical devices of the CPU.</summary>
    public const int MostLogical = 64;

    /// <summary>Whether it is the CPU or a part of it.</summary>
    public bool IsCpu => Name.StartsWith("cpu", StringComparison.Ordinal);

    /// <summary>The tensor library's device. Logical devices of the CPU are all the same one to it.</summary>
    public Device Device => IsCpu ? CPU : device(Name);

    /// <summary>One device.</summary>
    /// <param name="word"><c>cpu</c>, <c>cpu:N</c>, <c>cuda</c> (the first) or <c>cuda:N</c>.</param>
    /// <param name="option">The option that it was given with, for the message.</param>
    /// <exception cref="ModelException">The word is of another form, or there is no such device here.</exception>
    public static NamedDevice Parse(string word, string option)
    {
        if (word == "cpu" || (Ordinal(word, "cpu:") is { } part && part < MostLogical))
            return new NamedDevice(word);
        if ((word == "cuda" ? 0 : Ordinal(word, "cuda:")) is not { } ordinal)
            throw ModelException.Option(option, word, $"use cpu, cpu:N (N below {MostLogical}) or cuda:N");
        CheckCuda(word, ordinal, option);
        return new NamedDevice($"cuda:{ordinal}");
    }

    /// <summary>A list with commas between: <c>cpu:N</c> is N logical devices in it, and <c>cuda</c> all GPUs.</summary>
    /// <param name="text">The list.</param>
    /// <param name="option">The option that it was given with, for the message.</param>
    /// <exception cref="ModelException">A word is of another form, names no device that is here, or one twice.</exception>
    public static IReadOnlyList<NamedDevice> ParseList(string text, string option)
    {
        var devices = new List<NamedDevice>();
        foreach (var word in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (Ordinal(word, "cpu:") is { } count && count is >= 1 and <= MostLogical)
                devices.AddRange(Enumerable.Range(0, count).Select(i => new NamedDevice($"cpu:{i}")));
            else if (Ordinal(word, "cpu:") is not null)
                throw ModelException.Option(option, word, $"the CPU has 1 to {MostLogical} logical devices");
            else if (word == "cuda")
                devices.AddRange(AllCuda(option));
            else
                devices.Add(Parse(word, option));
        }
        return devices.Distinct().Count() == devices.Count
            ? devices
            : throw ModelException.Option(option, text, "a device is named twice in it");
    }

    /// <summary>All GPUs.</summary>
    /// <exception cref="ModelException">There is none.</exception>
    public static IReadOnlyList<NamedDevice> AllCuda(string option)
    {
        CheckCuda("cuda", 0, option);
        return [.. Enumerable.Range(0, cuda.device_count()).Select(i => new NamedDevice($"cuda:{i}"))];
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    internal static void CheckCuda(string word, int ordinal, string option)
    {
        var count = cuda.device_count();
        if (ordinal >= count)
            throw ModelException.Option(option, word, count == 0
                ? "libtorch sees no CUDA device here; use cpu, or set LIBTORCH to a CUDA build and run ./hieravid again"
                : $"libtorch sees {count} CUDA device(s), numbered from 0");
    }

    internal static int? Ordinal(string word, string prefix) =>
        word.StartsWith(prefix, StringComparison.Ordinal)
            && int.TryParse(word.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal)
            ? ordinal
            : null;
}
