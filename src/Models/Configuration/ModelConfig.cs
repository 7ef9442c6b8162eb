namespace HieraVid.Models.Configuration;

/// <summary>What a checkpoint's <c>config.json</c> says about the network. One record per kind of network.</summary>
public abstract record ModelConfig
{
    /// <summary>The file's name inside a checkpoint folder.</summary>
    public const string FileName = "config.json";

    /// <summary>Reads <c>config.json</c> and dispatches on its <c>architectures</c>.</summary>
    /// <param name="folder">A checkpoint folder.</param>
    /// <returns>A <see cref="VideoModelConfig"/>, <see cref="Qwen2Config"/> or <see cref="SiglipVisionConfig"/>.</returns>
    /// <exception cref="ModelException">
    /// The file is absent or damaged, a value is out of range, or the architecture is not supported.
    /// </exception>
    public static ModelConfig Load(string folder)
    {
        var root = ConfigSection.Read(Path.Combine(folder, FileName));
        var architectures = root.Texts("architectures");
        if (architectures.Select(name => Architectures.All.FirstOrDefault(known => known.Name == name)).FirstOrDefault(known => known is not null)
            is { } supported)
            return supported.Parse(root);
        var found = architectures.Length == 0
            ? "a configuration without architectures"
            : $"architecture {string.Join(", ", architectures)}";
        throw ModelException.Unsupported(root.File, found,
            $"use a checkpoint of {string.Join(", ", Architectures.All.Select(known => known.Name))}");
    }

    /// <summary>Reads <c>config.json</c> where only one kind of network will do.</summary>
    /// <typeparam name="T">The record of that kind.</typeparam>
    /// <param name="folder">A checkpoint folder.</param>
    /// <exception cref="ModelException">As <see cref="Load(string)"/>, or the network is of another kind.</exception>
    public static T Load<T>(string folder) where T : ModelConfig =>
        Load(folder) is var config && config is T wanted
            ? wanted
            : throw ModelException.Unsupported(Path.Combine(folder, FileName), $"a {config.Kind} checkpoint",
                $"a {KindOf<T>()} checkpoint is needed here");

    /// <summary>The kind of network, for messages.</summary>
    internal abstract string Kind { get; }

    /// <summary>The text of a <c>config.json</c> that <see cref="Load(string)"/> reads back as this record.</summary>
    public abstract string ToJson();

    private static string KindOf<T>() => typeof(T) == typeof(VideoModelConfig) ? "video question answering" : typeof(T).Name.Replace("Config", "", StringComparison.Ordinal);
}
