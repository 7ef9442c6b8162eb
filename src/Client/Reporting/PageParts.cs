using System.Security.Cryptography;
using System.Text;

namespace HieraVid.Client.Reporting;

/// <summary>What pages are put together from: parts that lie in the program, a template, and a policy that names them.</summary>
internal static class PageParts
{
    /// <summary>The content policy of a page whose only style and script are these.</summary>
    internal static string Policy(string style, string script) =>
        $"default-src 'none'; img-src data:; style-src '{Hash(style)}'; script-src '{Hash(script)}'; base-uri 'none'; form-action 'none'";

    /// <summary>A part's text.</summary>
    internal static string Resource(string name)
    {
        using var stream = typeof(PageParts).Assembly.GetManifestResourceStream($"report/{name}")
            ?? throw new InvalidOperationException($"The page's part {name} is not in the program.");
        using var reader = new StreamReader(stream);
        // A parser turns CR LF into LF before it hashes what it found, so the hash must not see CR.
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    /// <summary>Puts values into a template, in one pass: a question that contains {{data}} stays a question.</summary>
    internal static string Fill(string template, Dictionary<string, string> values)
    {
        var page = new StringBuilder();
        for (var at = 0; at < template.Length;)
        {
            var open = template.IndexOf("{{", at, StringComparison.Ordinal);
            var close = open < 0 ? -1 : template.IndexOf("}}", open, StringComparison.Ordinal);
            if (close < 0)
                return page.Append(template, at, template.Length - at).ToString();
            page.Append(template, at, open - at).Append(values[template[(open + 2)..close]]);
            at = close + 2;
        }
        return page.ToString();
    }

    private static string Hash(string text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";
}
