using System.Globalization;
using System.Threading.Channels;

namespace HieraVid.Video;

/// <summary>
/// Reads from FFmpeg's messages which frame each picture on its output is, so that a wrong or missing picture is noticed and
/// never mistaken for another. Inputs may run ahead of their turn, so two filters speak: one before the inputs are joined
/// (timestamps), one behind (whose turn it is).
/// </summary>
internal sealed class FrameOrder
{
    /// <summary>The filter that tells when frames leave.</summary>
    public const string Left = "metadata@order=mode=print:key=input";

    private const string ShownLine = "[showinfo@i", LeftLine = "[metadata@order ", Turn = "] input=";

    private readonly Dictionary<int, Queue<ShownFrame>> waiting = [];
    private readonly Channel<ShownFrame> frames =
        Channel.CreateUnbounded<ShownFrame>(new() { SingleReader = true, SingleWriter = true });

    /// <summary>The frames in the order of the output; complete when FFmpeg has ended.</summary>
    public ChannelReader<ShownFrame> Frames => frames.Reader;

    /// <summary>The filters that tell what an input's frames are.</summary>
    public static string Shown(int input) =>
        string.Create(CultureInfo.InvariantCulture, $"showinfo@i{input}=checksum=0,metadata=mode=add:key=input:value={input}");

    /// <summary>Takes one line of FFmpeg's messages; null is the end.</summary>
    public void Note(string? line)
    {
        if (line is null)
            frames.Writer.Complete();
        else if (line.StartsWith(ShownLine, StringComparison.Ordinal))
            NoteShown(line);
        else if (line.StartsWith(LeftLine, StringComparison.Ordinal) && Number(line, Turn) is { } input &&
            waiting.TryGetValue((int)input, out var queue) && queue.TryDequeue(out var frame))
            frames.Writer.TryWrite(frame);
    }

    private void NoteShown(string line)
    {
        if (Number(line, ShownLine) is not { } input || Number(line, " pts:") is not { } ticks)
            return;
        bool isIntra = line.Contains(" type:I", StringComparison.Ordinal);
        if (!waiting.TryGetValue((int)input, out var queue))
            waiting[(int)input] = queue = new();
        queue.Enqueue(new((int)input, ticks, isIntra));
    }

    // The whole number that follows a word.
    private static long? Number(string line, string word)
    {
        int at = line.IndexOf(word, StringComparison.Ordinal);
        if (at < 0)
            return null;
        var rest = line.AsSpan(at + word.Length).TrimStart();
        int end = rest.IndexOf(' ');
        return long.TryParse(end < 0 ? rest : rest[..end], CultureInfo.InvariantCulture, out long value) ? value : null;
    }
}

/// <summary>A frame on its way out of FFmpeg.</summary>
/// <param name="Input">The process's input it came from.</param>
/// <param name="Ticks">Its timestamp, in the stream's units.</param>
/// <param name="IsIntra">Whether it refers to no other frame.</param>
internal readonly record struct ShownFrame(int Input, long Ticks, bool IsIntra);
