namespace TorchSharp;

/// <summary>A number that an operation takes beside tensors. It holds a double, so integers are exact up to 2^53.</summary>
public readonly struct Scalar : IEquatable<Scalar>
{
    private Scalar(double value) => Value = value;

    internal double Value { get; }

    /// <summary>From a float.</summary>
    public static implicit operator Scalar(float value) => new(value);

    /// <summary>From a double.</summary>
    public static implicit operator Scalar(double value) => new(value);

    /// <summary>From an int.</summary>
    public static implicit operator Scalar(int value) => new(value);

    /// <summary>From a long.</summary>
    public static implicit operator Scalar(long value) => new(value);

    /// <inheritdoc/>
    public bool Equals(Scalar other) => Value.Equals(other.Value);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Scalar other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode();

    /// <summary>Equality of the values.</summary>
    public static bool operator ==(Scalar left, Scalar right) => left.Equals(right);

    /// <summary>Inequality of the values.</summary>
    public static bool operator !=(Scalar left, Scalar right) => !left.Equals(right);
}
