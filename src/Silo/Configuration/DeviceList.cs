using HieraVid.Grains;
using HieraVid.Models;
using HieraVid.Models.Devices;
using HieraVid.Models.Hub;
using HieraVid.Pipeline.Running;

namespace HieraVid.Silo;

/// <summary>Loads the model onto the devices that the settings name.</summary>
internal static class DeviceList
{
    /// <summary>The devices as the models name them, one per worker: cpu:2 is two of the one CPU.</summary>
    /// <exception cref="SettingsException">There is no such device.</exception>
    internal static IReadOnlyList<string> Parse(string text)
    {
        var names = new List<string>();
        foreach (var word in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (word == "cuda")
                names.AddRange(Enumerable.Range(0, TorchSharp.torch.cuda.device_count()).Select(i => $"cuda:{i}"));
            else if (word.StartsWith("cpu:", StringComparison.Ordinal) && int.TryParse(word.AsSpan(4), out var count) && count is >= 1 and <= 64)
                names.AddRange(Enumerable.Repeat("cpu", count));
            else if (word == "cpu" || word.StartsWith("cuda:", StringComparison.Ordinal))
                names.Add(word);
            else
                throw new SettingsException($"--devices '{word}' is unknown: use cpu, cpu:N, cuda or cuda:N, with commas between.");
        }
        return names.Count > 0 ? names : throw new SettingsException($"--devices '{text}' names no device that is here: use cpu, cpu:N, cuda or cuda:N.");
    }

    /// <summary>
    /// One device per worker; those of one name share the weights. A silo that answers and does not encode has the model once, its
    /// layers spread over all devices: as many jobs as there are devices are in different stages of it.
    /// </summary>
    internal static IReadOnlyList<WorkDevice> Load(SiloSettings settings)
    {
        var names = Parse(settings.Devices);
        var bytes = (long)(settings.DeviceGigabytes * 1e9);
        if (names.Count > 1 && !settings.Roles.HasFlag(Roles.Gpu))
        {
            var map = DeviceMap.Over([.. names.Select((name, i) => new NamedDevice(name == "cpu" ? $"cpu:{i}" : name))]);
            var spread = Open(settings, Compute.Over(map, settings.DType));
            return [.. names.Select((_, i) => new WorkDevice($"{i} of {spread.Network.Compute.DeviceName}", spread, bytes))];
        }
        var models = names.Distinct().ToDictionary(name => name, name => Open(settings, Compute.Parse(name, settings.DType)));
        return
        [
            .. names.Select((name, i) => new WorkDevice(
                names.Count(other => other == name) > 1 ? $"{name} {i}" : name, models[name], bytes)),
        ];
    }

    private static LoadedModel Open(SiloSettings settings, Compute compute) =>
        LoadedModel.Load(ModelFolder.Find(settings.Model, Environment.GetEnvironmentVariable), compute, settings.VisionTower.Length > 0 ? settings.VisionTower : null);
}
