using System.Text;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Evaluation.Questions;

/// <summary>Comma-separated values with a line of names: quotes around cells, doubled inside (RFC 4180).</summary>
internal static class CsvRows
{
    internal static IReadOnlyList<IReadOnlyDictionary<string, string>> Read(string path)
    {
        var rows = Cells(File.ReadAllText(path)).Where(row => row.Count > 1 || row[0].Length > 0).ToList();
        if (rows.Count == 0)
            throw JobException.Bad($"{path} is empty: it must begin with a line of names.");
        var names = rows[0];
        return [.. rows.Skip(1).Select((row, i) => row.Count == names.Count
            ? names.Zip(row).ToDictionary(pair => pair.First, pair => pair.Second)
            : throw JobException.Bad($"{path}, row {i + 1}, has {row.Count} cells where the names are {names.Count}."))];
    }

    private static IEnumerable<List<string>> Cells(string text)
    {
        var (row, cell, quoted) = (new List<string>(), new StringBuilder(), false);
        for (var i = 0; i < text.Length; i++)
        {
            var letter = text[i];
            if (quoted && letter == '"' && i + 1 < text.Length && text[i + 1] == '"')
                cell.Append(text[i++]);
            else if (letter == '"')
                quoted = !quoted;
            else if (quoted || letter is not (',' or '\n' or '\r'))
                cell.Append(letter);
            else if (letter != '\r')
            {
                row.Add(cell.ToString());
                cell.Clear();
                if (letter == ',')
                    continue;
                yield return row;
                row = [];
            }
        }
        if (cell.Length > 0 || row.Count > 0)
            yield return [.. row, cell.ToString()];
    }
}
