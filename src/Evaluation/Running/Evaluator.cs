using HieraVid.Evaluation.Answers;
using HieraVid.Evaluation.Questions;
using HieraVid.Pipeline;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pipeline.Tokens;
using HieraVid.Video;

namespace HieraVid.Evaluation.Running;

/// <summary>Asks a model all questions under all settings. A video is decoded and encoded once, whatever is asked about it.</summary>
/// <param name="model">The model; stays the caller's.</param>
/// <param name="sampling">Which frames it sees.</param>
/// <param name="maxTokens">The longest answer.</param>
public sealed class Evaluator(LoadedModel model, SamplingRequest sampling, int maxTokens)
{
    /// <summary>Asks what is not in the results yet.</summary>
    /// <param name="questions">The questions.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="results">Takes the results.</param>
    /// <param name="onResult">Told of every new result.</param>
    /// <param name="cancellation">Ends the evaluation; what was answered stays.</param>
    /// <exception cref="JobException">A question cannot be asked.</exception>
    public async Task RunAsync(
        IReadOnlyList<EvaluationQuestion> questions, IReadOnlyList<EvaluationSetting> settings, ResultFile results,
        Action<EvaluationResult> onResult, CancellationToken cancellation)
    {
        var done = results.Results.Select(result => (result.Setting, result.Question)).ToHashSet();
        foreach (var video in questions.GroupBy(question => question.Video))
        {
            var open = video
                .SelectMany(question => settings.Select(setting => (Question: question, Setting: setting)))
                .Where(pair => !done.Contains((pair.Setting.Name, pair.Question.Id)))
                .ToList();
            if (open.Count == 0)
                continue;
            var folder = Directory.CreateTempSubdirectory("hieravid-eval-").FullName;
            try
            {
                var store = new StoreUse(new TokenStore(folder, TokenStore.DefaultLimitBytes), Resume: true, Keep: true);
                var runner = new LocalRunner(model, VideoLimits.Default, store);
                var probed = await ProbedVideo.OfAsync(video.Key, VideoLimits.Default, cancellation).ConfigureAwait(false);
                foreach (var (question, setting) in open)
                {
                    var report = await runner.RunAsync(Request(question, setting), probed: probed, cancellation: cancellation).ConfigureAwait(false);
                    var result = Result(question, setting, report);
                    results.Add(result);
                    onResult(result);
                }
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private JobRequest Request(EvaluationQuestion question, EvaluationSetting setting) => new()
    {
        VideoPath = question.Video,
        Question = question.Prompt,
        Sampling = sampling,
        Generation = new GenerationRequest(maxTokens),
        Pruning = setting.Pruning,
    };

    private static EvaluationResult Result(EvaluationQuestion question, EvaluationSetting setting, AnswerReport report)
    {
        var verdict = AnswerJudge.Judge(question.Key, report.Answer, question.Id);
        return new EvaluationResult
        {
            Setting = setting.Name,
            Question = question.Id,
            Kind = question.Kind,
            Answer = report.Answer,
            Parsed = verdict.Parsed,
            Expected = question.Key.Expected,
            IsRight = verdict.IsRight,
            IsGuessed = verdict.IsGuessed,
            Retention = report.Tokens.AverageRetention,
            Flops = report.Flops.Pruned,
            FlopsRatio = report.Flops.Ratio,
            PrefillSeconds = report.Timing.Prune + report.Timing.Prefill,
        };
    }
}
