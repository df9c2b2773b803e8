#!/usr/bin/perl
# Writes country.mmdb, asn.mmdb and city-synthetic.mmdb; called by make_mmdb.sh.
#   make_mmdb.pl LOC-DUMP COUNTRIES ISO3166-2.json FOLDER
#
# The dump names a network before those inside of it, and means the most specific one only: what an
# inner network does not say is unknown there, whatever an outer one says.
use strict;
use warnings;
use JSON::PP qw(decode_json);
use MaxMind::DB::Writer::Tree;
use Socket qw(inet_pton AF_INET AF_INET6);

die "usage: make_mmdb.pl LOC-DUMP COUNTRIES ISO3166-2.json FOLDER\n" unless @ARGV == 4;
my ($dump_file, $countries_file, $subdivisions_file, $folder) = @ARGV;
my $LICENCE = 'IPFire Location database, CC BY-SA 4.0';

my %CONTINENT = (
    AF => 'Africa', AN => 'Antarctica', AS => 'Asia', EU => 'Europe',
    NA => 'North America', OC => 'Oceania', SA => 'South America',
);
my %TYPE = (
    (map { $_ => 'map' } qw(continent country registered_country names)),
    (map { $_ => 'utf8_string' } qw(code iso_code en autonomous_system_organization)),
    autonomous_system_number => 'uint32',
    subdivisions             => ['array', 'map'],
);

sub tree {
    my ($type, $record_size, $what) = @_;
    return MaxMind::DB::Writer::Tree->new(
        ip_version               => 6,
        record_size              => $record_size,
        database_type            => $type,
        description              => { en => "$what; $LICENCE" },
        languages                => ['en'],
        alias_ipv6_to_ipv4       => 1,
        remove_reserved_networks => 0,
        map_key_type_callback    => sub { $TYPE{ $_[0] } },
    );
}

# A country's line is "CC CONTINENT NAME".
sub read_countries {
    my %countries;
    open my $in, '<:encoding(UTF-8)', $countries_file or die "$countries_file: $!\n";
    while (<$in>) {
        my ($code, $continent, $name) = /^([A-Z0-9]{2}) ([A-Z]{2}) (.*)$/ or next;
        my $country = { iso_code => $code, names => { en => $name } };
        $countries{$code} = {
            continent => { code => $continent, names => { en => $CONTINENT{$continent} // $continent } },
            country            => $country,
            registered_country => $country,
        };
    }
    return \%countries;
}

# The subdivisions of a country that lie in no other one, in the order of the file.
sub read_subdivisions {
    open my $in, '<:raw', $subdivisions_file or die "$subdivisions_file: $!\n";
    local $/;
    my %of;
    for my $entry (@{ decode_json(<$in>)->{'3166-2'} }) {
        next if exists $entry->{parent};
        my ($country, $code) = split /-/, $entry->{code}, 2;
        push @{ $of{$country} }, { iso_code => $code, names => { en => $entry->{name} } };
    }
    return \%of;
}

# Which subdivision a network gets is made up, but the same in every run: FNV-1a of its text.
sub pick {
    my ($text, $count) = @_;
    my $hash = 2166136261;
    $hash = (($hash ^ ord) * 16777619) & 0xffffffff for split //, $text;
    return ($hash ^ ($hash >> 15)) % $count;
}

# The first and last address as 128 binary digits, IPv4 in the last 32.
sub bounds {
    my ($address, $length) = split m{/}, $_[0];
    my $v6   = $address =~ /:/;
    my $bits = $v6 ? unpack('B128', inet_pton(AF_INET6, $address))
                   : '0' x 96 . unpack('B32', inet_pton(AF_INET, $address));
    my $keep = $v6 ? $length : $length + 96;
    return ($bits, substr($bits, 0, $keep) . '1' x (128 - $keep), $v6);
}

my $countries    = read_countries();
my $subdivisions = read_subdivisions();
my $country_tree = tree('IPFire-Country', 24, 'country');
my $asn_tree     = tree('IPFire-ASN', 24, 'autonomous system');
my $city_tree = tree('IPFire-City-SYNTHETIC', 28, 'country, and a SUBDIVISION THAT IS MADE UP, for tests');

my (%organization, %asn_record, %city_record, %seen_country, %count, @outer);

sub country_record {
    my ($code) = @_;
    return $countries->{$code} //= {
        map { $_ => { iso_code => $code, names => { en => $code } } } qw(country registered_country)
    };
}

sub city_record {
    my ($network, $code) = @_;
    my $choices = $subdivisions->{$code} or return country_record($code);
    my $i = pick($network, scalar @$choices);
    return $city_record{"$code-$i"} //=
        { %{ country_record($code) }, subdivisions => [$choices->[$i]] };
}

sub add_network {
    my ($network, $country, $asn) = @_;
    my ($first, $last, $v6) = bounds($network);
    if ($v6 && $network =~ /^(?:2002:|2001:0?:|::ffff:)/i) {
        $count{aliased}++;    # the writer maps these blocks onto IPv4
        return;
    }
    pop @outer while @outer && ($outer[-1]{last} lt $first || $outer[-1]{v6} ne $v6);
    my $around = @outer ? $outer[-1] : {};
    push @outer, { last => $last, v6 => $v6, country => $country, asn => $asn };
    $count{ $v6 ? 'IPv6' : 'IPv4' }++;
    if ($country) {
        $seen_country{$country} = 1;
        $country_tree->insert_network($network, country_record($country));
        $city_tree->insert_network($network, city_record($network, $country));
    }
    elsif ($around->{country}) {
        $_->remove_network($network) for $country_tree, $city_tree;
    }
    if ($asn) {
        $asn_tree->insert_network($network, $asn_record{$asn} //= {
            autonomous_system_number       => $asn,
            autonomous_system_organization => $organization{$asn} // "AS$asn",
        });
    }
    elsif ($around->{asn}) {
        $asn_tree->remove_network($network);
    }
}

# Blocks of "key: value" lines with an empty line between them; systems come before networks.
{
    open my $in, '<:encoding(UTF-8)', $dump_file or die "$dump_file: $!\n";
    local $/ = '';
    while (my $block = <$in>) {
        my %field = map { /^([a-z-]+):\s+(.*)$/ ? ($1 => $2) : () } split /\n/, $block;
        if (defined $field{net}) {
            add_network(@field{qw(net country aut-num)});
        }
        elsif (defined $field{name} && ($field{'aut-num'} // '') =~ /(\d+)/) {
            $organization{$1} = $field{name};
        }
    }
}

my %trees = (country => $country_tree, asn => $asn_tree, 'city-synthetic' => $city_tree);
for my $name (sort keys %trees) {
    open my $out, '>:raw', "$folder/$name.mmdb.part" or die "$folder/$name.mmdb.part: $!\n";
    $trees{$name}->write_tree($out);
    close $out or die "$folder/$name.mmdb.part: $!\n";
    rename "$folder/$name.mmdb.part", "$folder/$name.mmdb" or die "$folder/$name.mmdb: $!\n";
}
printf "networks: %d IPv4, %d IPv6; left out in aliased blocks: %d\n",
    map { $count{$_} // 0 } qw(IPv4 IPv6 aliased);
printf "distinct: %d countries, %d systems, %d subdivisions\n",
    scalar keys %seen_country, scalar keys %asn_record, scalar keys %city_record;
