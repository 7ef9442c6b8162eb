using HieraVid.Models.Checkpoints;
using HieraVid.Pipeline.Tokens;

namespace HieraVid.Client.Commands;

/// <summary>Random checkpoints that are made once and kept in the user's cache.</summary>
internal static class MadeUpCheckpoint
{
    private const int Seed = 1;

    /// <summary>The folder of a preset's checkpoint, made where it isn't there.</summary>
    internal static string Of(CheckpointPreset preset, CancellationToken cancellation)
    {
        var folder = Path.Combine(UserCache.Folder, "models", $"{preset.Name}-seed{Seed}");
        if (!File.Exists(Path.Combine(folder, "config.json")))
        {
            Console.Error.WriteLine($"Making a random {preset.Name} checkpoint in {folder}");
            RandomCheckpoint.Create(folder, preset, Seed, cancellation: cancellation);
        }
        return folder;
    }
}
