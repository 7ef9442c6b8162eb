using System.Globalization;

namespace HieraVid.Train;

/// <summary>What one step gave.</summary>
internal sealed record StepResult(double Loss, double[] LabelLosses, double Norm, int Right, int Questions, int Videos, double Seconds);

/// <summary>Averages steps and writes them to the console and to a file with one line per interval.</summary>
internal sealed class TrainingLog(string path)
{
    private readonly List<StepResult> _steps = [];

    internal void Add(StepResult step) => _steps.Add(step);

    internal void Write(long step, string stage, double rate)
    {
        var questions = Math.Max(1, _steps.Sum(s => s.Questions));
        double Mean(Func<StepResult, double> value) => _steps.Average(value);
        var labels = _steps[^1].LabelLosses.Length;
        var losses = Enumerable.Range(0, labels)
            .Select(i => _steps.Where(s => s.LabelLosses.Length == labels).Average(s => s.LabelLosses[i]).ToString("F3", CultureInfo.InvariantCulture));
        var line = string.Create(CultureInfo.InvariantCulture,
            $"{step},{stage},{rate:G3},{Mean(s => s.Loss):F4},{_steps.Sum(s => s.Right) / (double)questions:F4},{Mean(s => s.Norm):F3},{Mean(s => s.Seconds):F3},{_steps.Sum(s => s.Videos)},{string.Join(' ', losses)}");
        if (!File.Exists(path))
            File.WriteAllText(path, "step,stage,rate,loss,accuracy,norm,seconds,videos,label_losses\n");
        File.AppendAllText(path, $"{line}\n");
        Console.WriteLine(line);
        _steps.Clear();
    }

    internal static void Append(string path, long step, string text)
    {
        File.AppendAllText(path, $"{step},{text}\n");
        Console.WriteLine($"validation {step}: {text}");
    }
}
