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
        var line = string.Create(CultureInfo.InvariantCulture,
            $"{step},{stage},{rate:G3},{Mean(s => s.Loss):F4},{string.Join(',', Enumerable.Range(0, 4).Select(i => Mean(s => s.LabelLosses[i]).ToString("F4", CultureInfo.InvariantCulture)))},{_steps.Sum(s => s.Right) / (double)questions:F4},{Mean(s => s.Norm):F3},{Mean(s => s.Seconds):F3},{_steps.Sum(s => s.Videos)}");
        if (!File.Exists(path))
            File.WriteAllText(path, "step,stage,rate,loss,colour_loss,shape_loss,digit_loss,place_loss,accuracy,norm,seconds,videos\n");
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
