using Orleans.Runtime;

namespace HieraVid.Grains.Tests;

/// <summary>Roles are kept: by the placement filter, not by luck.</summary>
[Collection(nameof(WithSilos))]
public sealed class PlacementTests(TestSilos silos)
{
    [Fact]
    public async Task Every_worker_lives_on_its_own_silo_and_only_where_its_role_is()
    {
        await using var cluster = await silos.StartAsync(3, Roles.Cpu | Roles.Ingress, Roles.Gpu, Roles.Prefill);
        var management = cluster.GrainFactory.GetGrain<IManagementGrain>(0);
        await TestSilos.EndOfAsync(cluster, await TestSilos.SubmitAsync(cluster, silos.Ask()));
        var places = (await management.GetDetailedGrainStatistics())
            .Select(grain => (Type: grain.GrainType.Split(',')[0].Split('.')[^1], Key: grain.GrainId.Key.ToString()!, grain.SiloAddress)).ToList();
        var silo = places.Where(place => place.Type == nameof(GpuGrain)).Select(place => place.SiloAddress).Distinct().ToList();
        Assert.Single(silo);
        Assert.Equal(["silo1/0", "silo1/1"], places.Where(place => place.Type == nameof(GpuGrain)).Select(place => place.Key).Order());
        Assert.Equal(["silo0/0"], places.Where(place => place.Type == nameof(DecoderGrain)).Select(place => place.Key));
        Assert.Equal(["silo2/0", "silo2/1"], places.Where(place => place.Type == nameof(AggregatorGrain)).Select(place => place.Key).Order());
        Assert.All(places.Where(place => place.Type is nameof(DecoderGrain) or nameof(AggregatorGrain)), place => Assert.NotEqual(silo[0], place.SiloAddress));
    }

    [Fact]
    public async Task Where_no_silo_has_the_role_the_call_fails()
    {
        await using var cluster = await silos.StartAsync(1, Roles.Cpu | Roles.Ingress);
        await Assert.ThrowsAnyAsync<OrleansException>(() => cluster.GrainFactory.GetGrain<IGpuGrain>("silo0/0").Status());
        await Assert.ThrowsAnyAsync<OrleansException>(() => cluster.GrainFactory.GetGrain<IDecoderGrain>("elsewhere/0").Status());
        Assert.Equal("ffmpeg", (await cluster.GrainFactory.GetGrain<IDecoderGrain>("silo0/0").Status()).Device);
    }
}
