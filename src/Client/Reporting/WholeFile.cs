using System.Text;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Client.Reporting;

/// <summary>A text file that is either there completely or as it was before.</summary>
internal static class WholeFile
{
    /// <summary>Looks whether the file could be written, so that nobody waits for an answer first to learn that it can't.</summary>
    /// <exception cref="JobException">It can't; the sentence says why.</exception>
    internal static void Check(string path)
    {
        var temporary = Temporary(path);
        Guard(path, temporary, () =>
        {
            File.Create(temporary).Dispose();
            File.Delete(temporary);
        });
    }

    /// <summary>Writes beside the file and then renames, so a full disk or a kill leaves no half page under the name.</summary>
    /// <exception cref="JobException">It can't be written; the sentence says why.</exception>
    internal static void Write(string path, string text)
    {
        var temporary = Temporary(path);
        Guard(path, temporary, () =>
        {
            try
            {
                File.WriteAllText(temporary, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
                File.Move(temporary, path, overwrite: true);
            }
            catch
            {
                File.Delete(temporary);
                throw;
            }
        });
    }

    private static string Temporary(string path)
    {
        if (path.Length == 0)
            throw JobException.Bad("The report's path is empty: name an HTML file.");
        if (Directory.Exists(path) || Path.EndsInDirectorySeparator(path))
            throw JobException.Bad($"The report '{path}' is a folder: name an HTML file in it.");
        // Renaming over a device would replace it, for root even /dev/null.
        if (OperatingSystem.IsLinux() && Path.GetFullPath(path).StartsWith("/dev/", StringComparison.Ordinal))
            throw JobException.Bad($"The report '{path}' would be a device: name an HTML file in a folder of yours.");
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder))
            throw JobException.Bad($"The report's folder '{folder}' is not there: create it or name another.");
        return Path.Combine(folder, $".{Guid.NewGuid():N}.part");
    }

    /// <summary>Turns the system's complaints into a sentence for the user.</summary>
    internal static void Guard(string path, string temporary, Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The system's words name the temporary file, which tells the user nothing.
            const int noSpace = 28, diskFull = unchecked((int)0x80070070);
            throw JobException.Bad(e is UnauthorizedAccessException
                ? $"The report '{path}' cannot be written: its folder or the file is not writable for you; name another place."
                : (e.HResult & 0xFFFF) == noSpace || e.HResult == diskFull
                    ? $"The report '{path}' cannot be written: the disk is full; make room or name another place."
                    : $"The report '{path}' cannot be written: {e.Message.ReplaceLineEndings(" ").Replace(temporary, path, StringComparison.Ordinal)}");
        }
    }
}
