using System.Text.Encodings.Web;
using System.Text.Json;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Evaluation.Running;

/// <summary>
/// The results of an evaluation, one JSON line each, written as they come: what was answered stays answered when a run is
/// interrupted. The first line says what they are results of.
/// </summary>
public sealed class ResultFile : IDisposable
{
    private static readonly JsonSerializerOptions s_format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly StreamWriter _writer;
    private readonly List<EvaluationResult> _results;

    private ResultFile(StreamWriter writer, List<EvaluationResult> results) => (_writer, _results) = (writer, results);

    /// <summary>All results so far.</summary>
    public IReadOnlyList<EvaluationResult> Results => _results;

    /// <summary>Opens the file, new or with the results of an earlier run.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="subject">What is evaluated: results of anything else are not mixed with these.</param>
    /// <exception cref="JobException">The file belongs to something else, or is no such file.</exception>
    public static ResultFile Open(string path, EvaluationSubject subject)
    {
        var results = new List<EvaluationResult>();
        if (File.Exists(path) && new FileInfo(path).Length > 0)
        {
            var lines = File.ReadAllLines(path);
            if (Read<EvaluationSubject>(lines[0]) is not { } before)
                throw JobException.Bad($"{path} holds no results of an evaluation: name another file.");
            if (before != subject)
                throw JobException.Bad($"{path} holds results of {before.Model} on {before.Questions} with {before.Sampling}: name another file, or remove it.");
            // A run that was killed may have left half a line at the end.
            results.AddRange(lines.Skip(1).Select(Read<EvaluationResult>).OfType<EvaluationResult>());
        }
        var file = new ResultFile(new StreamWriter(path, append: false) { AutoFlush = true }, results);
        file.WriteLine(subject);
        foreach (var result in results)
            file.WriteLine(result);
        return file;
    }

    /// <summary>Adds a result.</summary>
    public void Add(EvaluationResult result)
    {
        WriteLine(result);
        _results.Add(result);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _writer.Dispose();

    private void WriteLine<T>(T value) => _writer.WriteLine(JsonSerializer.Serialize(value, s_format));

    private static T? Read<T>(string line) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(line, s_format);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>What an evaluation is about: the first line of its results.</summary>
/// <param name="Model">The model's folder.</param>
/// <param name="Questions">The question file.</param>
/// <param name="Hash">A digest of the questions, and of the model's files.</param>
/// <param name="Sampling">Which frames the model saw.</param>
public sealed record EvaluationSubject(string Model, string Questions, string Hash, string Sampling);
