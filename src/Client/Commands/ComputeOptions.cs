using System.CommandLine;
using HieraVid.Models;

namespace HieraVid.Client.Commands;

/// <summary>The options that say where and how precisely to compute; the same for every command that loads a model.</summary>
internal sealed class ComputeOptions
{
    private readonly Option<string> _device = new("--device")
    {
        Description = "cpu, cuda or cuda:N.",
        DefaultValueFactory = _ => "cpu",
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

    internal ComputeOptions(string dtype)
    {
        _dtype = new Option<string>("--dtype")
        {
            Description = "bf16, f32 or, on a GPU, f16.",
            DefaultValueFactory = _ => dtype,
        };
    }

    internal void AddTo(Command command)
    {
        command.Add(_device);
        command.Add(_dtype);
        command.Add(_weights);
        command.Add(_threads);
    }

    /// <summary>Reads the options and sets the number of threads, once for the process.</summary>
    internal Compute Read(ParseResult parsed)
    {
        var compute = Compute.Parse(parsed.GetRequiredValue(_device), parsed.GetRequiredValue(_dtype))
            .WithWeights(parsed.GetRequiredValue(_weights));
        var threads = parsed.GetRequiredValue(_threads);
        if (threads is < 1 or > 1024)
            throw ModelException.Option("--threads", $"{threads}", "use 1 to 1024");
        TorchSharp.torch.set_num_threads(threads);
        return compute;
    }
}
