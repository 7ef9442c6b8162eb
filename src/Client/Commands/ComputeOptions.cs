using System.CommandLine;
using HieraVid.Models;
using HieraVid.Models.Devices;

namespace HieraVid.Client.Commands;

/// <summary>The options that say where and how precisely to compute; the same for every command that loads a model.</summary>
internal sealed class ComputeOptions
{
    private readonly Option<string> _device;

    private readonly Option<string?> _map = new(DeviceMap.Option)
    {
        HelpName = "MAP",
        Description = "Several devices in place of --device: auto (all GPUs) or a list (cuda:0,cuda:1), spread by memory, or each part's own: vision=cuda:0,0-13=cuda:0,14-27=cuda:1.",
    };

    private readonly Option<string> _dtype;

    private readonly Option<string> _weights = new("--weights")
    {
        Description = "full, int8 or int4: the decoder's matrices, rounded when they are loaded. Less memory, slower on a CPU.",
        DefaultValueFactory = _ => "full",
    };

    private readonly Option<int> _threads = new("--threads")
    {
        Description = "CPU threads of the tensor library.",
        DefaultValueFactory = _ => Environment.ProcessorCount,
    };

    internal ComputeOptions(string dtype, string device = "cpu")
    {
        _device = new Option<string>("--device")
        {
            Description = "cpu, cuda or cuda:N.",
            DefaultValueFactory = _ => device,
        };
        _dtype = new Option<string>("--dtype")
        {
            Description = "auto, bf16, f32 or, on a GPU, f16. auto is bf16 on a GPU; on a CPU the faster of bf16 and f32 that fits the memory.",
            DefaultValueFactory = _ => dtype,
        };
    }

    internal void AddTo(Command command)
    {
        command.Add(_device);
        command.Add(_map);
        command.Add(_dtype);
        command.Add(_weights);
        command.Add(_threads);
    }

    /// <summary>Adds those that decide what each device has to hold.</summary>
    internal void AddMapTo(Command command)
    {
        command.Add(_map);
        command.Add(_dtype);
        command.Add(_weights);
    }

    /// <summary>Reads those; null where there is no map.</summary>
    internal Compute? ReadMap(ParseResult parsed) => parsed.GetValue(_map) is { } map
        ? Compute.Over(DeviceMap.Parse(map), parsed.GetRequiredValue(_dtype)).WithWeights(parsed.GetRequiredValue(_weights))
        : null;

    /// <summary>Reads the options and sets the number of threads, once for the process.</summary>
    internal Compute Read(ParseResult parsed)
    {
        var (device, dtype) = (parsed.GetRequiredValue(_device), parsed.GetRequiredValue(_dtype));
        var map = parsed.GetValue(_map);
        if (map is not null && parsed.GetResult(_device) is { Implicit: false })
            throw ModelException.Option("--device", device, $"{DeviceMap.Option} {map} names the devices already");
        var compute = (map is null ? Compute.Parse(device, dtype) : Compute.Over(DeviceMap.Parse(map), dtype))
            .WithWeights(parsed.GetRequiredValue(_weights));
        var threads = parsed.GetRequiredValue(_threads);
        if (threads is < 1 or > 1024)
            throw ModelException.Option("--threads", $"{threads}", "use 1 to 1024");
        TorchSharp.torch.set_num_threads(threads);
        return compute;
    }
}
