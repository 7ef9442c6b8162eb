using System.CommandLine;
using System.Globalization;
using HieraVid.Client.Output;
using HieraVid.Client.Verification;
using HieraVid.Models;

namespace HieraVid.Client.Commands;

/// <summary><c>hieravid verify</c>: golden cases on the chosen device.</summary>
internal static class VerifyCommand
{
    internal static Command Create()
    {
        var folder = PathSymbols.Argument("DIR", "A folder with golden cases (cases.json files), at any depth.");
        var compute = new ComputeOptions("f32");
        var command = new Command("verify", """
            Compare this machine's numbers with golden ones.

            The cases' own tolerances are for --dtype f32. In bf16 and f16 networks are allowed a relative error of 6 %, and
            a greedy choice may differ where the expected token comes as close. The exit code is 1 if a case fails.

            Examples:
              hieravid verify tests/fixtures --device cuda
              hieravid verify tests/fixtures/models --dtype bf16
            """) { folder };
        compute.AddTo(command);
        command.SetAction(parsed => Run(parsed.GetRequiredValue(folder), compute.Read(parsed)));
        return command;
    }

    private static int Run(string folder, Compute compute)
    {
        var counts = new Dictionary<GoldenOutcome, int>();
        foreach (var result in GoldenSuite.Run(folder, compute))
        {
            counts[result.Outcome] = counts.GetValueOrDefault(result.Outcome) + 1;
            StandardOutput.WriteLine(Line(result));
        }
        int Count(GoldenOutcome outcome) => counts.GetValueOrDefault(outcome);
        StandardOutput.WriteLine($"{Count(GoldenOutcome.Pass)} pass, {Count(GoldenOutcome.Fail)} fail, "
            + $"{Count(GoldenOutcome.NotCovered)} not covered, on {compute.DeviceName} in {compute.DTypeName}");
        return Count(GoldenOutcome.Fail) == 0 ? CommandLine.Success : CommandLine.OurFault;
    }

    private static string Line(GoldenResult result)
    {
        var what = $"{result.Case}/{result.Item}";
        return result.Outcome switch
        {
            GoldenOutcome.NotCovered => $"not covered  {what}: {OneLine(result.Note)}",
            GoldenOutcome.Pass => Invariant($"pass         {what,-64} worst {result.Error:0.0e+00}, allowed {result.Tolerance:0.0e+00}"),
            _ => Invariant($"FAIL         {what,-64} worst {result.Error:0.0e+00}, allowed {result.Tolerance:0.0e+00} {OneLine(result.Note)}"),
        };
    }

    private static string OneLine(string note) => string.Join(' ', note.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
