using System.Net;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Sources;

namespace HieraVid.Pipeline.Tests.Sources;

/// <summary>What a submitted job may name as its video.</summary>
public sealed class VideoSourceTests
{
    private static readonly UrlRules s_rules = new() { Hosts = ["videos.example.org", "*.cdn.example.org"] };

    [Theory]
    [InlineData("https://videos.example.org/a.mp4?sig=x")]
    [InlineData("https://VIDEOS.example.org:443/a.mp4")]
    [InlineData("https://a.b.cdn.example.org/")]
    public void Addresses_that_keep_the_rules_are_taken(string source) =>
        Assert.IsType<VideoSource.Web>(VideoSource.Parse(source, s_rules));

    [Theory]
    [InlineData("http://videos.example.org/a.mp4", "only https")]
    [InlineData("ftp://videos.example.org/a.mp4", "only https")]
    [InlineData("gopher://videos.example.org/", "only https")]
    [InlineData("https://user:secret@videos.example.org/a.mp4", "holds a user")]
    [InlineData("https://videos.example.org:8443/a.mp4", "port 8443")]
    [InlineData("https://videos.example.org.evil.net/a.mp4", "not among those allowed")]
    [InlineData("https://cdn.example.org/a.mp4", "not among those allowed")]
    [InlineData("https://evilcdn.example.org/a.mp4", "not among those allowed")]
    [InlineData("https://169.254.169.254/latest/meta-data", "not among those allowed")]
    [InlineData("file:///etc/passwd", "neither")]
    [InlineData("/etc/passwd", "neither")]
    [InlineData("concat:a|b", "only https")]
    [InlineData("a.mp4", "neither")]
    [InlineData("", "neither")]
    public void Others_are_refused_with_the_reason(string source, string why)
    {
        var refused = Assert.Throws<JobException>(() => VideoSource.Parse(source, s_rules));
        Assert.True(refused.IsUsersMistake);
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void By_itself_no_address_is_taken() => Assert.Contains(
        "this cluster fetches no addresses",
        Assert.Throws<JobException>(() => VideoSource.Parse("https://example.org/a.mp4", new UrlRules())).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("store:videos/../results/a")]
    [InlineData("store:/videos/a")]
    [InlineData("store:videos/")]
    [InlineData("store:videos//a")]
    [InlineData("store:results/a")]
    [InlineData("store:videos/a%2e%2e")]
    public void No_name_leaves_the_store_s_videos(string source) => Assert.Throws<JobException>(() => VideoSource.Parse(source, s_rules));

    [Fact]
    public void Videos_of_the_store_are_taken() =>
        Assert.Equal(new VideoSource.Stored("videos/0a1b"), VideoSource.Parse(VideoSource.OfStored("videos/0a1b"), s_rules));

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("93.184.215.14", true)]
    [InlineData("2606:2800:21f:cb07:6820:80da:af6b:8b2c", true)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.9.9.9", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.16.0.1", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("192.168.1.1", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("168.63.129.16", false)]
    [InlineData("192.0.0.192", false)]
    [InlineData("198.18.0.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::ffff:169.254.169.254", false)]
    [InlineData("::7f00:1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("2002:7f00:1::", false)]
    [InlineData("2001::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fc00::1", false)]
    [InlineData("fd00:ec2::254", false)]
    [InlineData("ff02::1", false)]
    public void Only_addresses_of_the_public_network_are_dialled(string address, bool isGlobal) =>
        Assert.Equal(isGlobal, GlobalAddress.Is(IPAddress.Parse(address)));
}
