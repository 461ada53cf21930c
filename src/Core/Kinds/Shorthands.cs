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

/// <summary>What a text must look like, for editors; the record's <c>Validate</c> has the last word.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class TextPatternAttribute(string pattern) : Attribute
{
    /// <summary>A semantic version, minor and patch optional.</summary>
    public const string Version = @"^[0-9]+(\.[0-9]+){0,2}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$";

    /// <summary>Comparators joined by spaces.</summary>
    public const string VersionRange = @"^ *((>=|>|<=|<|=)?[0-9]+(\.[0-9]+){0,2}(-[0-9A-Za-z.-]+)? *)+$";

    /// <summary>A regular expression of the common subset of .NET and JavaScript.</summary>
    public string Pattern { get; } = pattern;
}
