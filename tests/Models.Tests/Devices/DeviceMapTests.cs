using HieraVid.Models.Devices;

namespace HieraVid.Models.Tests.Devices;

public sealed class DeviceMapTests
{
    // A tower as large as two layers, an embedding as large as one.
    private static readonly PartSizes s_eight = Sizes(8, vision: 20, embedding: 10);

    [Fact]
    public void A_given_map_says_where_every_part_is()
    {
        var placement = DeviceMap.Parse("0-2=cpu:1, vision=cpu:0, 6-7=cpu, 3-5=cpu:2").Place(s_eight);
        Assert.Equal("vision=cpu:0,0-2=cpu:1,3-5=cpu:2,6-7=cpu", placement.ToString());
        Assert.Equal(["cpu:0", "cpu:1", "cpu:2", "cpu"], placement.Devices.Select(device => device.Name));
    }

    [Fact]
    public void Without_a_word_on_it_the_tower_is_with_the_first_layer() =>
        Assert.Equal("vision=cpu:1,0-6=cpu:1,7=cpu:0", DeviceMap.Parse("0-6=cpu:1,7=cpu:0").Place(s_eight).ToString());

    [Theory]
    [InlineData("0-3=cpu:0,5-7=cpu:1", "layer 4 is on no device")]
    [InlineData("0-3=cpu:0", "layers 4-7 are on no device")]
    [InlineData("2-7=cpu:0", "layers 0-1 are on no device")]
    [InlineData("0-4=cpu:0,4-7=cpu:1", "layer 4 is on two devices")]
    [InlineData("0-8=cpu:0", "the model has the layers 0-7 only")]
    [InlineData("vision=cpu:0,vision=cpu:1,0-7=cpu", "vision is in it twice")]
    [InlineData("vision=cpu:0", "it has no layers")]
    [InlineData("0-7=cpu,tower=cpu:1", "'tower' is no part")]
    [InlineData("7-0=cpu", "'7-0' is no part")]
    [InlineData("0-7=cpu,", "'' is no part")]
    [InlineData("0-3=cuda:77,4-7=cpu", "libtorch sees")]
    [InlineData("0-7=cpu:64", "use cpu, cpu:N (N below 64) or cuda:N")]
    [InlineData("0-7=tpu", "use cpu, cpu:N (N below 64) or cuda:N")]
    [InlineData("cpu:0", "1 to 64 logical devices")]
    [InlineData("cpu:2,cpu:3", "a device is named twice")]
    [InlineData("", "use cpu, cpu:N (N below 64) or cuda:N")]
    public void A_map_that_cannot_be_is_refused_in_one_sentence(string text, string why)
    {
        var error = Assert.Throws<ModelException>(() => DeviceMap.Parse(text).Place(s_eight));
        Assert.StartsWith(DeviceMap.Option, error.Message, StringComparison.Ordinal);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    // The first device has the tower and the embedding, three layers' worth.
    [InlineData("cpu:2", "vision=cpu:0,0-3=cpu:0,4-7=cpu:1")]
    [InlineData("cpu:1", "vision=cpu:0,0-7=cpu:0")]
    public void A_list_of_devices_is_filled_evenly(string list, string expected)
    {
        var sizes = s_eight with { Head = 30 };
        Assert.Equal(expected, DeviceMap.Parse(list).Place(sizes).ToString());
    }

    [Theory]
    [InlineData(3, 1)]
    [InlineData(1, 1)]
    [InlineData(5, 2)]
    public void A_device_with_more_memory_gets_more_layers(long first, long second)
    {
        var devices = NamedDevice.ParseList("cpu:2", DeviceMap.Option);
        var placement = LayerSpread.Of(Sizes(28, vision: 0, embedding: 0), devices, [first << 30, second << 30]);
        var count = placement.Layers.Count(device => device == devices[0]);
        Assert.InRange(count, 28 * first / (first + second) - 1, 28 * first / (first + second) + 1);
    }

    [Fact]
    public void No_other_cut_leaves_the_fullest_device_emptier()
    {
        var random = new Random(5);
        for (var round = 0; round < 50; round++)
        {
            var sizes = new PartSizes(random.Next(60), random.Next(30), random.Next(2) * random.Next(30),
                [.. Enumerable.Range(0, 7).Select(_ => (long)random.Next(1, 20))], random.Next(5));
            var devices = NamedDevice.ParseList("cpu:3", DeviceMap.Option);
            long[] memory = [random.Next(50, 99), random.Next(50, 99), random.Next(50, 99)];
            double Fullest(Placement placement) => sizes.Needs(placement).Max(need =>
                (need.WeightBytes + need.CacheBytes) / (double)memory[devices.ToList().IndexOf(new NamedDevice(need.Device))]);
            var best = double.PositiveInfinity;
            for (var a = 0; a <= 7; a++)
            {
                for (var b = a; b <= 7; b++)
                    best = Math.Min(best, Fullest(new Placement(devices[0], [.. Enumerable.Range(0, 7).Select(i => devices[i < a ? 0 : i < b ? 1 : 2])])));
            }
            Assert.Equal(best, Fullest(LayerSpread.Of(sizes, devices, memory)), 1e-12);
        }
    }

    [Fact]
    public void A_shared_embedding_is_counted_where_it_is_needed_twice()
    {
        var needs = s_eight.Needs(DeviceMap.Parse("vision=cpu:0,0-3=cpu:1,4-7=cpu:2").Place(s_eight));
        Assert.Equal([(20L, 0L), (50, 4), (50, 4)], needs.Select(need => (need.WeightBytes, need.CacheBytes)));
        var one = Assert.Single(s_eight.Needs(DeviceMap.Parse("0-7=cpu").Place(s_eight)));
        Assert.Equal((110, 8), (one.WeightBytes, one.CacheBytes));
    }

    private static PartSizes Sizes(int layers, long vision, long embedding) =>
        new(vision, embedding, Head: 0, [.. Enumerable.Repeat(10L, layers)], CachePerLayer: 1);
}
