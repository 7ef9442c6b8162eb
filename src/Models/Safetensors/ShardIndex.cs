using System.Text.Json;

namespace HieraVid.Models.Safetensors;

/// <summary>Reads the index of a sharded checkpoint.</summary>
internal static class ShardIndex
{
    /// <summary>Reads and checks an index file.</summary>
    /// <returns>Tensor name to shard file name; every file name is plain, so that it stays inside the folder.</returns>
    /// <exception cref="ModelException">The file cannot be read, or is no index.</exception>
    public static Dictionary<string, string> Read(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("weight_map", out var map)
                || map.ValueKind != JsonValueKind.Object)
                throw ModelException.Damaged(path, "it has no weight_map");
            var files = new Dictionary<string, string>();
            foreach (var property in map.EnumerateObject())
            {
                var file = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()! : "";
                if (!IsPlainName(file))
                    throw ModelException.Damaged(path,
                        $"tensor {property.Name} is said to be in {property.Value.GetRawText()}, which is not the " +
                        "name of a file in this folder");
                if (!files.TryAdd(property.Name, file))
                    throw ModelException.Damaged(path, $"it names tensor {property.Name} twice");
            }
            return files.Count > 0 ? files : throw ModelException.Damaged(path, "its weight_map is empty");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw ModelException.Damaged(path, $"it is not valid JSON ({error.Message.TrimEnd('.')})", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw ModelException.Unreadable(path, error);
        }
    }

    // An index comes with a download: "../../secret" or "/dev/zero" must not be opened on its word.
    private static bool IsPlainName(string file) =>
        file.EndsWith(".safetensors", StringComparison.Ordinal) && file.AsSpan().IndexOfAny("/\\:\0") < 0;
}
