namespace HieraVid.Silo.Tests;

/// <summary>A silo that is told nonsense says so in a sentence and does not start.</summary>
public sealed class SettingsTests
{
    [Theory]
    [InlineData("Role", "cpu,gpus", "--role 'gpus' is unknown")]
    [InlineData("Role", " ", "--role is empty")]
    [InlineData("Role", "gpu", "needs a model")]
    [InlineData("Model", "/nowhere", "/nowhere does not exist")]
    [InlineData("Broker", "http://x/", "no amqp://")]
    [InlineData("Port", "70000", "out of range")]
    [InlineData("LeaseSeconds", "0", "out of range")]
    [InlineData("HungAfterSeconds", "0", "out of range")]
    [InlineData("Address", "10.0.0.1", "only of use with a Database")]
    public void What_cannot_be_is_refused(string setting, string value, string sentence)
    {
        var settings = new SiloSettings { Role = setting is "Role" or "Model" ? "gpu" : "cpu" };
        var property = typeof(SiloSettings).GetProperty(setting)!;
        property.SetValue(settings, Convert.ChangeType(value, property.PropertyType, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Contains(sentence, Assert.Throws<SettingsException>(settings.Validate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_program_ends_with_code_2_and_no_stack_trace()
    {
        var (code, said) = await SiloProcess.RunAsync(new Dictionary<string, string>(), "--role", "gpu");
        Assert.Equal(2, code);
        Assert.Contains("needs a model", said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Port", "many", "Port")]
    [InlineData("Prot", "5480", "There is no setting HieraVid__Prot")]
    [InlineData("Blobs", "AccountKey=hidden", "neither a connection string nor an address")]
    public async Task A_setting_that_cannot_be_read_is_named_in_one_line(string setting, string value, string sentence)
    {
        var (code, said) = await SiloProcess.RunAsync(new Dictionary<string, string> { [setting] = value }, "--role", "ingress");
        Assert.Equal(2, code);
        Assert.Contains(sentence, Assert.Single(said.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("prefill", "cpu:2", "0 of vision=cpu:0,0-3=cpu:0,4-7=cpu:1;1 of vision=cpu:0,0-3=cpu:0,4-7=cpu:1")]
    [InlineData("prefill", "cpu", "cpu")]
    [InlineData("gpu,prefill", "cpu:2", "cpu 0;cpu 1")]
    public void A_silo_that_only_answers_spreads_the_layers_over_its_devices(string role, string devices, string names)
    {
        var folder = Directory.CreateTempSubdirectory("hieravid-silo-").FullName;
        try
        {
            Models.Checkpoints.RandomCheckpoint.Create(folder, Models.Checkpoints.CheckpointPreset.Tiny, seed: 1);
            var loaded = DeviceList.Load(new SiloSettings { Role = role, Devices = devices, Model = folder });
            Assert.Equal(names.Split(';'), loaded.Select(device => device.Name));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("cpu", 1)]
    [InlineData("cpu:3", 3)]
    [InlineData("cpu,cpu", 2)]
    public void Logical_devices_are_counted(string text, int count) => Assert.Equal(count, DeviceList.Parse(text).Count);

    [Theory]
    [InlineData("gpu")]
    [InlineData("cpu:0")]
    [InlineData("")]
    public void Devices_that_cannot_be_are_refused(string text) => Assert.Throws<SettingsException>(() => DeviceList.Parse(text));
}
