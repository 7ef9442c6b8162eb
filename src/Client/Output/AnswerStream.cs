namespace HieraVid.Client.Output;

/// <summary>The answer on standard output, piece by piece, as a line of its own.</summary>
/// <param name="display">Closed before the first piece, so that its bars and the answer do not mix.</param>
/// <param name="isShown">False where a JSON object follows in place of the text.</param>
internal sealed class AnswerStream(StageDisplay display, bool isShown)
{
    private bool _isOpen;

    /// <summary>Shows a piece.</summary>
    internal void Write(string piece)
    {
        display.Close();
        if (!isShown)
            return;
        _isOpen = true;
        StandardOutput.Write(Printable(piece));
    }

    /// <summary>Ends the line, also where the answer broke off.</summary>
    internal void End()
    {
        var wasOpen = _isOpen;
        _isOpen = false;
        if (wasOpen)
            StandardOutput.WriteLine("");
    }

    // A model may be talked into writing escape sequences; they must not reach the terminal.
    private static string Printable(string piece) =>
        string.Concat(piece.Select(c => char.IsControl(c) && c is not ('\n' or '\t') ? '\uFFFD' : c));
}
