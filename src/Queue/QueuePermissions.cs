namespace HieraVid.Queue;

/// <summary>
/// What a user of the broker may do, as RabbitMQ's three regular expressions over the names of queues and exchanges. Both
/// may declare what they use, since MassTransit declares before it uses; nobody needs more than names of the prefix.
/// </summary>
/// <param name="Configure">What the user may declare.</param>
/// <param name="Write">What the user may send to.</param>
/// <param name="Read">What the user may read.</param>
public sealed record QueuePermissions(string Configure, string Write, string Read)
{
    /// <summary>For silos and for deployment: all of the prefix's names.</summary>
    public static QueuePermissions Silo(string prefix) => new($"^{prefix}-.*$", $"^{prefix}-.*$", $"^{prefix}-.*$");

    /// <summary>
    /// For those who submit and watch: they cannot read what others submitted, nor pretend to be the cluster.
    /// </summary>
    public static QueuePermissions User(string prefix) => new(
        $"^{prefix}-(submit|cancel|tell|(watch|bus|event)-.*)$", $"^{prefix}-(submit|cancel|tell|(watch|bus)-.*)$", $"^{prefix}-(watch|bus|event)-.*$");

    /// <summary>The command that gives them.</summary>
    /// <param name="user">The broker's user.</param>
    /// <param name="vhost">The virtual host.</param>
    public string Command(string user, string vhost) => $"rabbitmqctl set_permissions -p '{vhost}' '{user}' '{Configure}' '{Write}' '{Read}'";
}
