using System.Globalization;

namespace HieraVid.Video;

/// <summary>What one ffprobe run said, in the stream's units; nothing is interpreted yet.</summary>
internal sealed class ProbeReport
{
    private readonly Dictionary<string, string> stream = [];
    private readonly Dictionary<string, string> format = [];
    private readonly List<ProbedFrame> frames = [];

    /// <summary>Frames in file order, without those that the container marks as not to be shown.</summary>
    public IReadOnlyList<ProbedFrame> Frames => frames;

    /// <summary>Packets of the video stream, including those not to be shown.</summary>
    public int Packets { get; private set; }

    /// <summary>Whether the file doesn't tell for each of its packets when it is shown.</summary>
    public bool LacksTimes { get; private set; }

    /// <summary>Whether a key frame is not to be shown: an edit list begins between two key frames.</summary>
    public bool HasHiddenKey { get; private set; }

    /// <summary>Whether there is a video stream.</summary>
    public bool HasStream => stream.Count > 0;

    /// <summary>Takes one line of ffprobe's compact output.</summary>
    public void Add(string line)
    {
        int cut = line.IndexOf('|', StringComparison.Ordinal);
        if (cut < 0)
            return;
        switch (line.AsSpan(0, cut))
        {
            case "packet": AddPacket(line.AsSpan(cut + 1)); break;
            case "frame": AddFrame(line.AsSpan(cut + 1)); break;
            case "stream": Fill(stream, line.AsSpan(cut + 1)); break;
            case "format": Fill(format, line.AsSpan(cut + 1)); break;
            default: break;
        }
    }

    /// <summary>A text field of the stream, or an empty string.</summary>
    public string Text(string key) => stream.GetValueOrDefault(key, "");

    /// <summary>A whole number of the stream, or 0.</summary>
    public int Integer(string key) =>
        int.TryParse(Text(key), NumberStyles.Integer, CultureInfo.InvariantCulture, out int value) ? value : 0;

    /// <summary>A ratio such as 30000/1001 or 4:3 of the stream, or null where it is absent or not positive.</summary>
    public double? Ratio(string key)
    {
        string[] parts = Text(key).Split('/', ':');
        return parts.Length == 2 && Number(parts[0]) is > 0 and { } a && Number(parts[1]) is > 0 and { } b ? a / b : null;
    }

    /// <summary>The angle of the display matrix or of the older tag, counter-clockwise, or 0.</summary>
    public double Rotation =>
        Number(stream.FirstOrDefault(f => f.Key.EndsWith("rotation", StringComparison.Ordinal)).Value)
        ?? -Number(Text("tag:rotate")) ?? 0;

    /// <summary>Seconds that the stream declares, in its header or its tag.</summary>
    public double? StreamSeconds => Number(Text("duration")) ??
        (TimeSpan.TryParse(TagDuration, CultureInfo.InvariantCulture, out var tag) && tag > TimeSpan.Zero
            ? tag.TotalSeconds
            : null);

    /// <summary>Seconds that the file declares for all its streams together.</summary>
    public double? FormatSeconds => Number(format.GetValueOrDefault("duration"));

    /// <summary>When the file begins, in its own clock.</summary>
    public double StartSeconds => Number(format.GetValueOrDefault("start_time")) ?? 0;

    /// <summary>Streams of all kinds.</summary>
    public int StreamCount => (int)(Number(format.GetValueOrDefault("nb_streams")) ?? 0);

    // Matroska tags carry nanoseconds (00:00:03.666000000); TimeSpan reads seven digits.
    private string TagDuration => Text("tag:DURATION") is { Length: > 16 } tag ? tag[..16] : Text("tag:DURATION");

    private void AddPacket(ReadOnlySpan<char> fields)
    {
        Packets++;
        long? pts = Ticks(fields, "pts="), dts = Ticks(fields, "dts=");
        var flags = Field(fields, "flags=");
        if (flags.Contains('D'))
        {
            HasHiddenKey |= flags.Contains('K');
            return;
        }

        LacksTimes |= pts is null;
        frames.Add(new(pts ?? dts ?? 0, Ticks(fields, "duration=") ?? 0, flags.Contains('K')));
    }

    private void AddFrame(ReadOnlySpan<char> fields)
    {
        Packets++;
        // The last frames to leave the decoder can lack a time; they follow the others at the same pace.
        long next = frames.Count > 1 ? 2 * frames[^1].Ticks - frames[^2].Ticks : frames.Count;
        LacksTimes = true; // what the decoder says of frames is its best guess
        frames.Add(new(Ticks(fields, "best_effort_timestamp=") ?? next,
            Ticks(fields, "pkt_duration=") ?? Ticks(fields, "duration=") ?? 0, // older and newer FFmpeg
            Field(fields, "key_frame=") is "1"));
    }

    private static void Fill(Dictionary<string, string> map, ReadOnlySpan<char> fields)
    {
        foreach (var range in fields.Split('|'))
        {
            var field = fields[range];
            int cut = field.IndexOf('=');
            if (cut > 0)
                map.TryAdd(field[..cut].ToString(), field[(cut + 1)..].ToString());
        }
    }

    private static ReadOnlySpan<char> Field(ReadOnlySpan<char> fields, ReadOnlySpan<char> key)
    {
        foreach (var range in fields.Split('|'))
        {
            if (fields[range].StartsWith(key))
                return fields[range][key.Length..];
        }

        return [];
    }

    private static long? Ticks(ReadOnlySpan<char> fields, ReadOnlySpan<char> key) =>
        long.TryParse(Field(fields, key), NumberStyles.Integer, CultureInfo.InvariantCulture, out long value) ? value : null;

    private static double? Number(string? text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) &&
        double.IsFinite(value) ? value : null;
}

/// <summary>One frame as the container lists it, in the stream's units.</summary>
/// <param name="Ticks">When it is shown.</param>
/// <param name="Duration">How long, or 0 where the container doesn't say.</param>
/// <param name="IsKey">Whether decoding can begin here.</param>
internal readonly record struct ProbedFrame(long Ticks, long Duration, bool IsKey);
