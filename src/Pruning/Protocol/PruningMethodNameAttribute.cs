namespace HieraVid.Pruning;

/// <summary>
/// Makes a method of a user's own assembly known. The class needs a <c>public static PruningMethod Create(double,
/// MethodSettings, ModelTraits)</c>.
/// </summary>
/// <param name="name">The name by which users ask for it.</param>
/// <param name="description">What it does, in one line.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class PruningMethodNameAttribute(string name, string description) : Attribute
{
    /// <summary>The name.</summary>
    public string Name => name;

    /// <summary>The line.</summary>
    public string Description => description;
}
