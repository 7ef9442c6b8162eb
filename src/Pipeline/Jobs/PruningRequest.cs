using HieraVid.Pruning;

namespace HieraVid.Pipeline.Jobs;

/// <summary>How much of the video the decoder gets to see, and who decides.</summary>
public sealed record PruningRequest
{
    /// <summary>
    /// The method's name; null is HieraVid, or nothing where the model has too few layers for it (the answer says so).
    /// </summary>
    public string? Method { get; init; }

    /// <summary>Mean share of the visual tokens that a layer sees, in (0, 1].</summary>
    public double Budget { get; init; } = 0.3;

    /// <summary>HieraVid's options.</summary>
    public HieraVidOptions Options { get; init; } = HieraVidOptions.Default;

    /// <summary>Checks what can be checked without a model.</summary>
    /// <exception cref="JobException">The method is not known.</exception>
    /// <exception cref="PruningException">A number is out of range.</exception>
    public void Validate()
    {
        if (Method is { } method && !PruningMethods.Names.Contains(method))
            throw JobException.Bad($"--method {method} is not known: take one of {string.Join(", ", PruningMethods.Names)}.");
        _ = PruningSchedule.ForBudget(Budget, PruningSchedule.LeastLayers);
        Options.Validated();
    }

    /// <summary>The schedule for a model.</summary>
    /// <param name="layerCount">Its layers.</param>
    /// <param name="note">Told if nothing is pruned although the user did not ask for that.</param>
    /// <returns>Null for no pruning.</returns>
    /// <exception cref="PruningException">The model cannot carry the schedule that was asked for by name.</exception>
    public PruningSchedule? ScheduleFor(int layerCount, Action<string> note)
    {
        if (Method == PruningMethods.None)
            return null;
        if (Method is null && Budget < 1 && layerCount < PruningSchedule.LeastLayers)
        {
            note($"The model's {layerCount} layers cannot carry HieraVid's four stages; nothing was pruned.");
            return null;
        }
        var schedule = PruningSchedule.ForBudget(Budget, layerCount);
        return schedule.PrunesNothing ? null : schedule;
    }
}
