using HieraVid.Queue.Tests;

// Azurite names itself.
[assembly: AssemblyFixture(typeof(Broker))]
