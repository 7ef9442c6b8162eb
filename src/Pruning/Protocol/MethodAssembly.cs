using System.Reflection;
using System.Runtime.Loader;

namespace HieraVid.Pruning;

/// <summary>Methods from a user's own assembly. It runs with all rights of this process.</summary>
public static class MethodAssembly
{
    /// <summary>Loads an assembly and makes its methods known.</summary>
    /// <param name="where">The file, or the file, a colon and the full name of one class.</param>
    /// <returns>Their names.</returns>
    /// <exception cref="PruningException">
    /// There is no such file or class, it is no assembly, holds no method, or a method's name is taken.
    /// </exception>
    public static IReadOnlyList<string> Load(string where)
    {
        var colon = where.LastIndexOf(".dll:", StringComparison.OrdinalIgnoreCase);
        var (file, only) = colon < 0 ? (where, null) : (where[..(colon + 4)], where[(colon + 5)..]);
        var types = Types(Path.GetFullPath(file), file).Where(type => only is null || type.FullName == only).ToList();
        if (only is not null && types.Count == 0)
            throw PruningException.BadAssembly(file, $"it has no public class {only}");
        var entries = types.Select(Entry).OfType<PruningMethodEntry>().ToList();
        if (entries.Count == 0)
        {
            throw PruningException.BadAssembly(file, "it has no public class with [PruningMethodName] and a public static "
                + "PruningMethod Create(double, MethodSettings, ModelTraits)");
        }
        entries.ForEach(PruningMethods.Add);
        return [.. entries.Select(entry => entry.Name)];
    }

    private static Type[] Types(string path, string shown)
    {
        if (!File.Exists(path))
            throw PruningException.BadAssembly(shown, "there is no such file");
        try
        {
            return AssemblyLoadContext.Default.LoadFromAssemblyPath(path).GetExportedTypes();
        }
        catch (Exception e) when (e is BadImageFormatException or FileLoadException or FileNotFoundException or TypeLoadException)
        {
            throw PruningException.BadAssembly(shown, $"it cannot be loaded ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')})");
        }
    }

    private static PruningMethodEntry? Entry(Type type)
    {
        Type[] parameters = [typeof(double), typeof(MethodSettings), typeof(ModelTraits)];
        var create = type.GetMethod("Create", BindingFlags.Public | BindingFlags.Static, parameters);
        return type.GetCustomAttribute<PruningMethodNameAttribute>() is { } named && typeof(PruningMethod).IsAssignableFrom(create?.ReturnType)
            ? new PruningMethodEntry(named.Name, named.Description,
                create.CreateDelegate<Func<double, MethodSettings, ModelTraits, PruningMethod>>())
            : null;
    }
}
