namespace HieraVid.Models.Hub;

/// <summary>What users may name a checkpoint by: its folder, or ORG/NAME of one that was downloaded earlier.</summary>
public static class ModelFolder
{
    /// <summary>The folder of a checkpoint. A folder of that name wins over a repository.</summary>
    /// <param name="name">A path, or ORG/NAME.</param>
    /// <param name="environment">Gives an environment variable, or null: they say where the hub's cache is.</param>
    /// <returns>The folder; a name that can be no repository comes back as it is.</returns>
    /// <exception cref="ModelException">There is no such folder, and the cache has no such repository.</exception>
    public static string Find(string name, Func<string, string?> environment)
    {
        if (Directory.Exists(name) || File.Exists(name) || !HubDownload.IsRepository(name))
            return name;
        var settings = HubSettings.Read(environment);
        return HubDownload.Find(settings, name) ?? throw ModelException.NotFound(name,
            $"there is no such folder, and none of that name in the Hugging Face cache {settings.CacheFolder}; get it with: hieravid model pull {name}");
    }
}
