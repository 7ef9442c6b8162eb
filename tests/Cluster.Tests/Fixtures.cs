using HieraVid.Queue.Tests;

// Azurite names itself.
[assembly: AssemblyFixture(typeof(Broker))]

namespace HieraVid.Cluster.Tests;

/// <summary>All tests of the whole cluster share one.</summary>
[CollectionDefinition(nameof(WithCluster))]
public sealed class WithCluster : ICollectionFixture<WholeCluster>;
