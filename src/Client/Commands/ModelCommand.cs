using System.CommandLine;
using System.Globalization;
using HieraVid.Client.Output;
using HieraVid.Models.Checkpoints;
using Spectre.Console;

namespace HieraVid.Client.Commands;

/// <summary><c>hieravid model</c>: make, describe and download checkpoint folders.</summary>
internal static class ModelCommand
{
    internal static Command Create() => new("model", """
        Make, describe and download checkpoint folders.

        Example:
          hieravid model new /tmp/tiny
        """) { New(), Info(), PullCommand.Create() };

    private static Command New()
    {
        var folder = PathSymbols.Argument("DIR", "The folder to write; it must not exist or be empty.");
        var preset = new Option<string>("--preset")
        {
            Description = $"One of {string.Join(", ", CheckpointPreset.All.Select(p => p.Name))}.",
            DefaultValueFactory = _ => CheckpointPreset.Tiny.Name,
        };
        var seed = new Option<int>("--seed") { Description = "The same seed gives the same files.", DefaultValueFactory = _ => 1 };
        var command = new Command("new", """
            Write a random checkpoint in the Hugging Face layout, for tests and benchmarks. Its answers mean nothing.

            Example:
              hieravid model new /tmp/tiny --preset tiny --seed 7
            """) { folder, preset, seed };
        command.SetAction((parsed, cancellation) =>
        {
            var path = parsed.GetRequiredValue(folder);
            RandomCheckpoint.Create(path, CheckpointPreset.Parse(parsed.GetRequiredValue(preset)), parsed.GetValue(seed),
                cancellation: cancellation);
            var info = CheckpointInfo.Read(path);
            StandardOutput.WriteLine($"{path}: {Millions(info.Parameters)} random parameters, {Megabytes(info.Bytes)}");
            return Task.FromResult(CommandLine.Success);
        });
        return command;
    }

    private static Command Info()
    {
        var folder = PathSymbols.Argument("DIR", "A checkpoint folder, or ORG/NAME of one that was pulled.");
        var tower = PathSymbols.Option("--vision-tower", "Folder of the original SigLIP, where config.json names another than so400m.");
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var compute = new ComputeOptions("bf16");
        var command = new Command("info", """
            Say what a checkpoint holds, from its headers alone, and with --device-map what each device would have to.

            Examples:
              hieravid model info ~/models/llava-onevision-7b
              hieravid model info ~/models/llava-onevision-7b --device-map cuda:0,cuda:1 --weights int8
            """) { folder, tower, json };
        compute.AddMapTo(command);
        command.SetAction(parsed =>
        {
            var path = ModelOption.Folder(parsed.GetRequiredValue(folder));
            var info = CheckpointInfo.Read(path, parsed.GetValue(tower));
            if (compute.ReadMap(parsed) is { } mapped)
                info = info.Under(path, mapped);
            if (parsed.GetValue(json))
                StandardOutput.WriteLine(Json.Of(info));
            else
                Print(info);
            return CommandLine.Success;
        });
        return command;
    }

    private static void Print(CheckpointInfo info)
    {
        var table = new Grid().AddColumn().AddColumn();
        void Row(string name, string value) => table.AddRow(Markup.Escape(name), Markup.Escape(value));
        Row("architecture", info.Architecture);
        Row("parameters", Millions(info.Parameters));
        foreach (var (part, count) in new[]
        {
            ("  vision tower", info.TowerParameters), ("  projector", info.ProjectorParameters),
            ("  decoder", info.DecoderParameters), ("  not used", info.OtherParameters),
        })
        {
            if (count > 0)
                Row(part, Millions(count));
        }
        Row("stored as", $"{string.Join(", ", info.StoredTypes)}, {Megabytes(info.Bytes)} in {info.Files} file(s)");
        if (info.Packing is { } packing)
            Row("packed as", $"{packing}, {Millions(info.PackedParameters)} parameters in {Megabytes(info.PackedBytes)}");
        if (info.TowerLayers > 0)
            Row("vision layers", $"{info.TowerLayers}");
        if (info.DecoderLayers > 0)
            Row("decoder layers", $"{info.DecoderLayers}");
        if (info.TokensPerFrame > 0)
            Row("tokens per frame", $"{info.TokensPerFrame}");
        if (info.Window > 0)
            Row("window", $"{info.Window.ToString("N0", CultureInfo.InvariantCulture)} tokens");
        if (info.CacheValuesPerToken > 0)
        {
            foreach (var (type, bytes) in new[] { ("bf16", 2), ("f32", 4) })
            {
                Row($"memory in {type}", $"{Megabytes(info.MemoryBytes(bytes))}, of it {Megabytes(info.CacheValuesPerToken * info.Window * bytes)} "
                    + "for a full window; activations on top");
            }
        }
        if (info.Devices is { } devices)
        {
            Row("placement", info.Placement!);
            foreach (var need in devices)
                Row($"  {need.Device}", $"{Megabytes(need.WeightBytes + need.CacheBytes)}, of it {Megabytes(need.CacheBytes)} for a full window; activations on top");
        }
        AnsiConsole.Write(table);
    }

    private static string Millions(long count) => FormattableString.Invariant($"{count / 1e6:N1} M");

    private static string Megabytes(long bytes) => FormattableString.Invariant($"{bytes / 1e6:N1} MB");
}
