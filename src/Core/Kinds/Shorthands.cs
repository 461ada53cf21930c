namespace Mainstay.Core.Kinds;

/// <summary>In the manifest, one plain value may stand for the whole record: it is the value of <paramref name="property"/>, and the rest is default.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class PlainValueIsAttribute(string property) : Attribute
{
    /// <summary>The record's property, by its C# name.</summary>
    public string Property { get; } = property;
}

/// <summary>In the manifest, a list of names may stand for the map whose values are all default.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class NamesAloneAttribute : Attribute;
