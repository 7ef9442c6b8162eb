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

    /// <summary>Options of the method by name; the others keep their defaults.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Checks what can be checked without a model.</summary>
    /// <exception cref="PruningException">The method or a setting is not known, or a number is out of range.</exception>
    public void Validate() =>
        _ = PruningMethods.Create(
            Method ?? PruningMethods.HieraVid, Budget, Settings, new ModelTraits(PruningSchedule.LeastLayers));

    /// <summary>The method for a model.</summary>
    /// <param name="model">What it has to know of the model.</param>
    /// <param name="note">Told if nothing is pruned although the user did not ask for that.</param>
    /// <exception cref="PruningException">The model cannot carry the method that was asked for by name.</exception>
    public PruningMethod MethodFor(ModelTraits model, Action<string> note)
    {
        if (Method is null && Budget < 1 && model.LayerCount < PruningSchedule.LeastLayers)
        {
            note($"The model's {model.LayerCount} layers cannot carry HieraVid's four stages; nothing was pruned.");
            return new NoPruning();
        }
        return PruningMethods.Create(Method ?? PruningMethods.HieraVid, Budget, Settings, model);
    }
}
