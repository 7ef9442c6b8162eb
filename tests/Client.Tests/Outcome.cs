namespace HieraVid.Client.Tests;

/// <summary>What a run of the program did.</summary>
/// <param name="ExitCode">0 done, 1 our fault, 2 the user's mistake, 130 interrupted.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Errors">Standard error.</param>
internal sealed record Outcome(int ExitCode, string Output, string Errors)
{
    /// <summary>The last line of standard error: the sentence, where there is one.</summary>
    public string Sentence => Errors.TrimEnd('\n').Split('\n')[^1];

    /// <summary>A refused input: exit code 2, nothing on standard output, one sentence that names it, no stack trace.</summary>
    public void RefusesNaming(params string[] named)
    {
        Assert.True(ExitCode == 2, $"exit code {ExitCode}: {Errors}");
        Assert.Equal("", Output);
        Assert.DoesNotContain("   at ", Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("defect", Errors, StringComparison.Ordinal);
        // Above the sentence only the lines of stages that went well.
        Assert.All(Errors.TrimEnd('\n').Split('\n')[..^1], line => Assert.Matches("^(load|probe|encode|prefill|Note): ", line));
        Assert.All(named, name => Assert.Contains(name, Sentence, StringComparison.Ordinal));
        Assert.True(Sentence.Length < 500, Sentence);
        Assert.Matches("(\\.|--help)$", Sentence);
    }

    /// <summary>Went well, with nothing on standard error but what belongs there.</summary>
    public Outcome Succeeds()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}: {Errors}{Output}");
        Assert.DoesNotContain("Exception", Errors, StringComparison.Ordinal);
        return this;
    }
}
