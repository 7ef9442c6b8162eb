using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using HieraVid.Client.Output;
using HieraVid.Client.Reporting;
using HieraVid.Evaluation.Answers;
using HieraVid.Evaluation.Questions;
using HieraVid.Evaluation.Reporting;
using HieraVid.Evaluation.Running;
using HieraVid.Models;
using HieraVid.Models.Devices;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using Spectre.Console;

namespace HieraVid.Client.Commands;

/// <summary><c>hieravid eval</c>: the accuracy of a model under pruning methods and budgets.</summary>
internal static class EvalCommand
{
    private static readonly string[] StandardRuns = ["none", "hieravid@0.3", "hieravid@0.2", "hieravid@0.1"];

    internal static Command Create()
    {
        var questions = PathSymbols.Argument("QUESTIONS", "The file of questions.");
        var model = new ModelOption();
        var tower = PathSymbols.Option("--vision-tower", "Folder of the original SigLIP, where config.json names another than so400m.");
        var pool = new PoolOption();
        var format = new Option<string>("--format")
        {
            HelpName = "NAME",
            Description = string.Join("; ", QuestionFormat.All.Select(known => $"{known.Name}: {known.Description}")) + ".",
            DefaultValueFactory = _ => QuestionFormat.All[0].Name,
        };
        var videos = PathSymbols.Option("--videos", "Folder of the videos. Default: the question file's.");
        var runs = new Option<string[]>("--run")
        {
            HelpName = "METHOD@BUDGET[,KEY=VALUE...]",
            Description = "A setting to ask all questions under; may be repeated.",
            DefaultValueFactory = _ => StandardRuns,
        };
        var blind = PathSymbols.Option("--blind", "Ask all questions about this video instead of their own: what a model answers without looking.");
        blind.HelpName = "VIDEO";
        var limit = new Option<int?>("--limit") { HelpName = "N", Description = "Only the first questions." };
        var frames = new Option<int?>("--frames") { HelpName = "N", Description = "Evenly spaced frames to look at. Default: as the model's authors do, 32 for LLaVA-OneVision." };
        var fps = RealNumbers.Optional("--fps", "R", "Frames per second to look at, in place of --frames.");
        var maxTokens = new Option<int>("--max-tokens") { HelpName = "N", Description = "Longest answer.", DefaultValueFactory = _ => 16 };
        var results = PathSymbols.Option("--results", "File for the answers, one JSON line each; an interrupted evaluation goes on from there.", required: true);
        results.HelpName = "FILE";
        var report = PathSymbols.Option("--report", "HTML file to write: table and chart.");
        report.HelpName = "FILE";
        var compute = new ComputeOptions(AutomaticType.Name);
        var command = new Command("eval", """
            Measure how often a model is right, and what pruning costs it.

            Examples:
              hieravid eval questions.jsonl --model DIR --frames 16 --results results.jsonl --report accuracy.html
              hieravid eval questions.jsonl --model DIR --results r.jsonl --run none --run hieravid@0.1 --run hieravid@0.1,beta=0.2
              hieravid eval lvb_val.json --format longvideobench --videos ~/lvb/videos --model DIR --results lvb.jsonl
            """)
        {
            questions, tower, format, videos, runs, blind, limit, frames, fps, maxTokens, results, report,
        };
        model.AddTo(command);
        pool.AddTo(command);
        compute.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            var path = parsed.GetRequiredValue(questions);
            var asked = QuestionFormat.Load(path, parsed.GetRequiredValue(format), parsed.GetValue(videos));
            if (parsed.GetValue(limit) is { } most)
                asked = [.. asked.Take(most)];
            if (parsed.GetValue(blind) is { } other)
                asked = [.. asked.Select(question => question with { Video = other })];
            var settings = parsed.GetRequiredValue(runs).Select(EvaluationSetting.Parse).DistinctBy(setting => setting.Name).ToList();
            var sampling = new SamplingRequest(parsed.GetValue(frames), parsed.GetValue(fps));
            var page = parsed.GetValue(report);
            if (page is not null)
                WholeFile.Check(page);
            var folder = model.Read(parsed);
            var subject = new EvaluationSubject(folder, path, Digest(folder, asked), Describe(sampling, parsed.GetValue(blind), pool.Read(parsed)));
            var plan = new Plan(asked, settings, subject, sampling, parsed.GetValue(maxTokens), parsed.GetRequiredValue(results)!, page);
            return RunAsync(plan, compute.Read(parsed), parsed.GetValue(tower), pool.Read(parsed), cancellation);
        });
        return command;
    }

    private sealed record Plan(
        IReadOnlyList<EvaluationQuestion> Questions, IReadOnlyList<EvaluationSetting> Settings, EvaluationSubject Subject,
        SamplingRequest Sampling, int MaxTokens, string Results, string? Page);

    private static async Task<int> RunAsync(Plan plan, Compute compute, string? tower, string? pool, CancellationToken cancellation)
    {
        using var results = ResultFile.Open(plan.Results, plan.Subject);
        using var model = await Task.Run(() => LoadedModel.Load(plan.Subject.Model, compute, tower, pool), cancellation).ConfigureAwait(false);
        var total = plan.Questions.Count * plan.Settings.Count;
        var done = results.Results.Count;
        try
        {
            await new Evaluator(model, plan.Sampling, plan.MaxTokens).RunAsync(plan.Questions, plan.Settings, results, _ =>
            {
                if (++done % 100 == 0)
                    Console.Error.WriteLine($"{done} of {total} answers");
            }, cancellation).ConfigureAwait(false);
        }
        finally
        {
            var table = EvaluationTable.Of(results.Results, plan.Settings);
            if (table.Rows.Count > 0)
            {
                Print(table);
                if (plan.Page is not null)
                    WholeFile.Write(plan.Page, EvaluationPage.Write(table, plan.Subject));
            }
        }
        return CommandLine.Success;
    }

    private static void Print(EvaluationTable table)
    {
        var grid = new Table().Border(TableBorder.Simple).AddColumn("setting").AddColumn("all, 95 % interval");
        foreach (var column in table.Kinds.Concat(["tokens", "FLOPs", "prefill"]))
            grid.AddColumn(new TableColumn(Markup.Escape(column)).RightAligned());
        string Share(Accuracy accuracy) => accuracy.Total == 0 ? "" : Text($"{accuracy.Share * 100:0.0}");
        string Whole(Accuracy accuracy) =>
            Text($"{accuracy.Share * 100:0.0} ({accuracy.Interval.Low * 100:0.0} to {accuracy.Interval.High * 100:0.0})");
        foreach (var row in table.Rows)
            grid.AddRow([Markup.Escape(row.Setting.Name), Whole(row.All), .. row.Kinds.Select(Share), Text($"{row.Retention:P1}"),
                Text($"{row.FlopsRatio:P1}"), Text($"{row.PrefillSeconds * 1000:0} ms")]);
        grid.AddRow(["most frequent answer", Whole(table.Frequent.All), .. table.Frequent.Kinds.Select(Share), "", "", ""]);
        var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No });
        console.Profile.Width = 300;
        console.Write(grid);
        StandardOutput.WriteLine(string.Join('\n', text.ToString().Split('\n').Select(line => line.TrimEnd())).Trim('\n'));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Describe(SamplingRequest sampling, string? blind, string? pool) =>
        (sampling.Fps is { } fps ? Text($"{fps} frames per second") : sampling.Frames is { } frames ? Text($"{frames} frames") : "the model's own frames")
        + (blind is null ? "" : $" of {blind} (blind)") + (pool is null ? "" : $", {pool} pooling");

    // Whoever changes the questions or the weights gets other results.
    private static string Digest(string folder, IReadOnlyList<EvaluationQuestion> questions)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var question in questions)
            hash.AppendData(Encoding.UTF8.GetBytes($"{question.Id}\n{question.Prompt}\n{question.Key.Expected}\n"));
        if (Directory.Exists(folder))
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*.safetensors").OrderBy(file => file.Name, StringComparer.Ordinal))
                hash.AppendData(Encoding.UTF8.GetBytes(Text($"{file.Name} {file.Length} {file.LastWriteTimeUtc.Ticks}\n")));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}
