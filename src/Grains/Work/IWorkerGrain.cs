using Orleans.Concurrency;

namespace HieraVid.Grains;

/// <summary>A worker on one silo; its key is <c>silo/number</c>. It takes work from the board by itself.</summary>
public interface IWorkerGrain : IGrainWithStringKey
{
    /// <summary>Begins to take work; called by its silo when it has started.</summary>
    Task Start();

    /// <summary>Stops what it does for a job.</summary>
    [OneWay]
    Task Abandon(string job);

    /// <summary>Takes no more work; comes back when the current one is done or handed back.</summary>
    Task Drain();

    /// <summary>Where it is and what it is at.</summary>
    Task<WorkerStatus> Status();
}

/// <summary>Looks at videos and decodes chunks.</summary>
public interface IDecoderGrain : IWorkerGrain;

/// <summary>One device: encodes, summarises and applies plans.</summary>
public interface IGpuGrain : IWorkerGrain;

/// <summary>One device: cuts, plans, runs the prompt and writes the answer.</summary>
public interface IAggregatorGrain : IWorkerGrain;

/// <summary>A worker as others see it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Silo">The silo it is really on.</param>
/// <param name="Device">What it computes on.</param>
/// <param name="At">What it is at, or empty.</param>
/// <param name="Done">Pieces of work it has done.</param>
[GenerateSerializer, Immutable]
public sealed record WorkerStatus(string Key, string Silo, string Device, string At, int Done);
