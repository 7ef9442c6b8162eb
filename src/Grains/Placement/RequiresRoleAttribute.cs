using Orleans.Metadata;
using Orleans.Placement;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace HieraVid.Grains;

/// <summary>
/// Places a grain only on silos that have a role; where none has it, the call fails. A grain whose key is
/// <c>silo/number</c> lives on that silo and nowhere else.
/// </summary>
/// <param name="role">The role.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class RequiresRoleAttribute(Roles role) : PlacementFilterAttribute(new RoleFilter(role));

/// <summary>The filter behind <see cref="RequiresRoleAttribute"/>; the role is among the grain's properties.</summary>
/// <param name="role">The role.</param>
public sealed class RoleFilter(Roles role) : PlacementFilterStrategy(order: 0)
{
    private const string Property = "role";

    /// <summary>For the runtime, which sets the role from the grain's properties.</summary>
    public RoleFilter() : this(Roles.None)
    {
    }

    internal Roles Role { get; private set; } = role;

    /// <inheritdoc/>
    public override void AdditionalInitialize(GrainProperties properties) =>
        Role = Enum.Parse<Roles>(GetPlacementFilterGrainProperty(Property, properties)
            ?? throw new ArgumentException("A grain with a role filter has no role."));

    /// <inheritdoc/>
    protected override IEnumerable<KeyValuePair<string, string>> GetAdditionalGrainProperties(
        IServiceProvider services, Type grainClass, GrainType grainType, IReadOnlyDictionary<string, string> existingProperties) =>
        [new(Property, Role.ToString())];
}

/// <summary>Keeps the silos that have the role and, for a grain that is pinned, the name.</summary>
/// <param name="metadata">What each silo said of itself when it started.</param>
internal sealed class RoleFilterDirector(ISiloMetadataCache metadata) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos)
    {
        var role = ((RoleFilter)filterStrategy).Role;
        var home = WorkerKey.SiloOf(target.GrainIdentity.Key.ToString()!);
        return silos.Where(silo => SiloIdentity.From(metadata.GetSiloMetadata(silo).Metadata) is var identity
            && identity.Roles.HasFlag(role) && (home is null || home == identity.Name));
    }
}

/// <summary>What a silo says of itself to the others.</summary>
/// <param name="Name">Its name, one of its own.</param>
/// <param name="Roles">What it does.</param>
public sealed record SiloIdentity(string Name, Roles Roles)
{
    private const string NameKey = "hieravid.name", RolesKey = "hieravid.roles";

    internal Dictionary<string, string> ToMetadata() => new() { [NameKey] = Name, [RolesKey] = Roles.ToString() };

    internal static SiloIdentity From(IReadOnlyDictionary<string, string> metadata) => new(
        metadata.GetValueOrDefault(NameKey, ""), Enum.TryParse<Roles>(metadata.GetValueOrDefault(RolesKey), out var roles) ? roles : Roles.None);
}

/// <summary>Keys of grains that live on one silo: its name and a number.</summary>
internal static class WorkerKey
{
    internal static string Of(string silo, int number) => FormattableString.Invariant($"{silo}/{number}");

    internal static string? SiloOf(string key) => key.LastIndexOf('/') is >= 0 and var slash ? key[..slash] : null;

    internal static int NumberOf(string key) => int.Parse(key.AsSpan(key.LastIndexOf('/') + 1), System.Globalization.CultureInfo.InvariantCulture);
}
