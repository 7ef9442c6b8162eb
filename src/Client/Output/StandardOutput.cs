using HieraVid.Pipeline.Jobs;

namespace HieraVid.Client.Output;

/// <summary>Standard output, which may be a file on a full disk.</summary>
internal static class StandardOutput
{
    /// <summary>Writes a piece of text.</summary>
    /// <exception cref="JobException">It could not be written.</exception>
    internal static void Write(string text)
    {
        try
        {
            Console.Out.Write(text);
        }
        catch (IOException e)
        {
            throw JobException.Bad($"The standard output cannot be written ({e.Message.TrimEnd('.')}): free some space or send it elsewhere.");
        }
    }

    /// <summary>Writes a line.</summary>
    /// <exception cref="JobException">It could not be written.</exception>
    internal static void WriteLine(object text) => Write($"{text}\n");
}
