namespace HieraVid.Models.Tests;

/// <summary>Finds the model fixtures from wherever the tests were started.</summary>
internal static class Fixtures
{
    /// <summary>Names of the fixture checkpoints that hold weights and a config.json.</summary>
    public static readonly string[] Checkpoints =
    [
        "siglip-tiny", "siglip-tiny-odd", "siglip-tiny-384", "qwen2-tiny", "qwen2-tiny-tied", "llava-onevision-tiny",
        "llava-onevision-tiny-hf", "llava-video-tiny",
    ];

    /// <summary>The full path of something below tests/fixtures/models.</summary>
    public static string Find(params string[] parts) =>
        System.IO.Path.Combine([Repository.Root, "tests", "fixtures", "models", .. parts]);
}
