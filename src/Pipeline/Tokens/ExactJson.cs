using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace HieraVid.Pipeline.Tokens;

/// <summary>
/// Plain records (summaries, plans, sheets) as JSON that gives back the same bits: arrays of numbers and truth values are
/// the base64 of their little-endian bytes, single numbers their shortest text that reads back as the same number. Of a
/// record that may be of a derived type the type's name goes with it; only types derived from the asked one are made.
/// </summary>
internal static class ExactJson
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        IgnoreReadOnlyProperties = true,
        Converters = { new BitsConverterFactory() },
    };

    /// <summary>Writes a record.</summary>
    internal static byte[] Write<T>(T value) where T : notnull =>
        JsonSerializer.SerializeToUtf8Bytes(new Envelope(value.GetType().FullName!, JsonSerializer.SerializeToElement(value, value.GetType(), s_options)), s_options);

    /// <summary>Reads a record.</summary>
    /// <typeparam name="T">Its type, or one that it derives from.</typeparam>
    /// <exception cref="JsonException">These are no such record's bytes.</exception>
    internal static T Read<T>(ReadOnlySpan<byte> json) where T : notnull
    {
        var envelope = JsonSerializer.Deserialize<Envelope>(json, s_options) ?? throw new JsonException("Nothing was written.");
        return (T)(envelope.Value.Deserialize(TypeOf<T>(envelope.Type), s_options) ?? throw new JsonException("Nothing was written."));
    }

    // A method of one's own comes from an assembly that was loaded for it.
    private static Type TypeOf<T>(string name) => AppDomain.CurrentDomain.GetAssemblies()
        .Select(assembly => assembly.GetType(name))
        .FirstOrDefault(type => type is { IsAbstract: false } && type.IsAssignableTo(typeof(T)))
        ?? throw new JsonException($"{name} is no {typeof(T).Name}.");

    private sealed record Envelope(string Type, JsonElement Value);

    private sealed class BitsConverterFactory : JsonConverterFactory
    {
        private static readonly HashSet<Type> s_plain =
            [typeof(float), typeof(double), typeof(int), typeof(long), typeof(short), typeof(ushort), typeof(uint), typeof(ulong), typeof(sbyte), typeof(bool)];

        public override bool CanConvert(Type typeToConvert) => typeToConvert.IsSZArray && s_plain.Contains(typeToConvert.GetElementType()!);

        public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
            (JsonConverter)Activator.CreateInstance(typeof(BitsConverter<>).MakeGenericType(typeToConvert.GetElementType()!))!;
    }

    private sealed class BitsConverter<T> : JsonConverter<T[]> where T : unmanaged
    {
        public override T[] Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var bytes = reader.GetBytesFromBase64();
            if (bytes.Length % Unsafe.SizeOf<T>() != 0)
                throw new JsonException($"{bytes.Length} bytes are no array of {typeof(T).Name}.");
            return MemoryMarshal.Cast<byte, T>(bytes).ToArray();
        }

        public override void Write(Utf8JsonWriter writer, T[] value, JsonSerializerOptions options) =>
            writer.WriteBase64StringValue(MemoryMarshal.AsBytes<T>(value));
    }
}
