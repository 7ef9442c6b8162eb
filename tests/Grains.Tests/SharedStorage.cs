using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Storage;

namespace HieraVid.Grains.Tests;

/// <summary>
/// What a database is to a cluster of processes: the grains' state outlives every silo. It is copied in and out, and a
/// writer that was overtaken is refused, as a database does.
/// </summary>
internal sealed class SharedStorage(ConcurrentDictionary<string, (byte[] State, string Tag)> records, Serializer serializer) : IGrainStorage
{
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (records.TryGetValue(Key(stateName, grainId), out var record))
            (grainState.State, grainState.ETag, grainState.RecordExists) = (serializer.Deserialize<T>(record.State)!, record.Tag, true);
        else
            (grainState.State, grainState.ETag, grainState.RecordExists) = (Activator.CreateInstance<T>(), null!, false);
        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var next = (serializer.SerializeToArray(grainState.State), Guid.NewGuid().ToString());
        var key = Key(stateName, grainId);
        var written = records.TryGetValue(key, out var now)
            ? now.Tag == grainState.ETag && records.TryUpdate(key, next, now)
            : grainState.ETag is null && records.TryAdd(key, next);
        if (!written)
            throw new InconsistentStateException($"{key} was written by another.", now.Tag, grainState.ETag);
        (grainState.ETag, grainState.RecordExists) = (next.Item2, true);
        return Task.CompletedTask;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        records.TryRemove(Key(stateName, grainId), out _);
        (grainState.State, grainState.ETag, grainState.RecordExists) = (Activator.CreateInstance<T>(), null!, false);
        return Task.CompletedTask;
    }

    private static string Key(string stateName, GrainId grainId) => $"{stateName} {grainId}";
}
