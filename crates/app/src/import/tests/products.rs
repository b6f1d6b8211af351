//! Exports of other products, in the shapes in which they come; every name in them is invented.

use super::{Desk, counts, lines_of};
use crate::import::Mode;
use crate::import::mapping::Mapping;
use crate::import::plan::ImportKind;
use slipway_domain::change::record::{ChangeKind, ChangeState};
use slipway_domain::cmdb::ci::{Ci, CiStatus};
use slipway_domain::level::{Criticality, Risk};
use slipway_domain::record::Record;

fn ci(desk: &Desk, name: &str) -> Ci {
    desk.cis().into_iter().find(|c| c.name == name).unwrap_or_else(|| panic!("no CI {name}"))
}

/// Relations by names, as *source relation target*.
fn relations(desk: &Desk) -> Vec<String> {
    let name = |id| desk.cis().into_iter().find(|c| c.id == id).map(|c| c.name).unwrap_or_default();
    let all = desk.records.records().filter_map(|r| match r {
        Record::Relation(r) => Some(format!("{} {} {}", name(r.source), r.relation_type, name(r.target))),
        _ => None,
    });
    let mut all: Vec<String> = all.collect();
    all.sort();
    all
}

const SERVICE_MANAGER_HEAD: &str = "CI Name (aff);CI Type (aff);CI Subtype (aff);Service Component WBS (aff);Change ID;Change Type;\
    Risk Assessment;Emergency Change;CAB-approval needed;Planned Start;Planned End;Scheduled Downtime Start;\
    Scheduled Downtime End;Actual Start;Actual End;Requested End Date;Change record Open Time;Change record Close Time;\
    Originated from;# Related Interactions;# Related Incidents";

fn service_manager(rows: &[&str]) -> String {
    let tail = ";".repeat(40);
    let mut text = format!("{SERVICE_MANAGER_HEAD}{tail}\r\n");
    for row in rows {
        text.push_str(&format!("{row}{tail}\r\n"));
    }
    text
}

#[test]
fn changes_of_service_manager_are_put_together_from_a_row_for_each_ci() {
    let mut desk = Desk::default();
    desk.import(ImportKind::Cis, "name,class,notes\nPAY002,database,kept\n");
    let text = service_manager(&[
        // 2 to 4: one change, not even side by side
        "PAY001;application;Server Based Application;WBS000072;C00000056;Release Type 04;Minor Change;N;N;01-12-2013 01:00;01-12-2013 05:00;;;01-12-2013 01:10;;;02-09-2013 11:18;13-01-2014 13:14;Problem;2,0;0",
        "WEB017;computer;Linux Server;WBS000072;C00000077;Standard Change Type 12;Business Change;N;Y;;;;;;;;03-09-2013 09:00;;Incident;;",
        "PAY002;database;Oracle;WBS000072;C00000056;Release Type 04;Minor Change;N;N;01-12-2013 01:00;01-12-2013 05:00;;;;;;02-09-2013 11:18;13-01-2014 13:14;Problem;2,0;0",
        // 5: a year out of range; 6: a risk that there is none of; 7: an emergency with one end of its window
        "PAY003;application;;;C00000078;Release Type 04;Major Business Change;N;N;01-12-2913 01:00;02-12-2913 01:00;;;;;;;;;;",
        "PAY003;application;;;C00000079;Release Type 04;3;N;N;;;;;;;;;;;;",
        "PAY003;application;;;C00000080;Release Type 02;Major Business Change;Y;N;01-12-2013 01:00;;;;;;;;;;;",
        // 8: no number
        "PAY004;application;;;;Release Type 02;Minor Change;N;N;;;;;;;;;;;;",
    ]);
    let report = desk.import(ImportKind::ServiceManager, &text);
    assert_eq!(lines_of(&report), [5, 6, 8], "{report:?}");
    assert!(report.refused[0].reason.contains("out of range"), "{report:?}");
    assert!(report.refused[1].reason.contains("Risk Assessment"), "{report:?}");
    let first = desk.change("C00000056");
    assert_eq!((first.cis.len(), first.kind, first.risk), (2, ChangeKind::Normal, Some(Risk::Low)));
    assert_eq!((first.state, first.category.as_str()), (ChangeState::Closed, "release"));
    assert!(first.planned.is_some() && first.description.contains("Related Interactions: 2"), "{first:?}");
    assert_eq!(first.title, "Release Type 04 on PAY001 and 1 more");
    let second = desk.change("C00000077");
    assert_eq!((second.kind, second.state, second.planned), (ChangeKind::Standard, ChangeState::Registered, None));
    let emergency = desk.change("C00000080");
    assert_eq!((emergency.kind, emergency.risk), (ChangeKind::Emergency, Some(Risk::High)));
    assert!(emergency.description.contains("Planned Start: 01-12-2013 01:00"), "{}", emergency.description);
    assert_eq!(ci(&desk, "PAY002").notes, "kept", "a CI that is there is left alone");
    assert_eq!(ci(&desk, "WEB017").class, "computer");
    let (commands, cis) = (desk.commands, desk.cis().len());
    let again = desk.import(ImportKind::ServiceManager, &text);
    assert_eq!((again.created, again.updated, lines_of(&again)), (0, 0, vec![5, 6, 8]));
    assert_eq!((desk.commands, desk.cis().len()), (commands, cis), "nothing is made twice");
}

#[test]
fn a_dry_run_knows_the_cis_that_it_would_have_made() {
    let mut desk = Desk::default();
    let text = service_manager(&["A;application;;;C1;Release Type 04;Minor Change;N;N;;;;;;;;;;;;"]);
    let report = desk.run(ImportKind::ServiceManager, &text, Mode::DryRun).unwrap();
    assert_eq!(counts(&report), (2, 2, 0, 0, vec![]));
    assert!(desk.cis().is_empty());
}

const NETBOX_DEVICES: &str = r#"{"count":3,"next":null,"previous":null,"results":[
    {"id":1,"url":"https://netbox.example/api/dcim/devices/1/","display":"sw-gdy-01","name":"sw-gdy-01","device_type":{"id":1,"display":"NX-9540","manufacturer":{"id":1,"name":"Norvik","slug":"norvik"},"model":"NX-9540","slug":"nx-9540"},"role":{"id":1,"name":"Access switch","slug":"access-switch"},"tenant":null,"platform":{"id":1,"name":"NX-OS"},"serial":"NV123","asset_tag":"A-17","site":{"id":1,"name":"Gdynia","slug":"gdynia"},"location":{"id":2,"name":"Room 2"},"rack":{"id":3,"name":"R07"},"position":12.0,"face":{"value":"front","label":"Front"},"parent_device":null,"status":{"value":"active","label":"Active"},"primary_ip":{"id":9,"address":"10.0.0.1/24"},"cluster":null,"comments":"","tags":[],"custom_fields":{}},
    {"id":2,"name":null,"device_type":{"manufacturer":{"name":"Norvik"},"model":"PDU-8"},"role":{"name":"PDU"},"serial":"NV124","asset_tag":null,"site":{"name":"Gdynia"},"location":null,"rack":{"name":"R07"},"position":null,"face":null,"status":{"value":"planned","label":"Planned"},"primary_ip":null,"comments":""},
    {"id":3,"name":"odd","device_type":{"manufacturer":{"name":"Norvik"},"model":"X"},"role":{"name":"PDU"},"serial":"","asset_tag":null,"site":{"name":"Gdynia"},"rack":null,"position":null,"status":{"value":"melted","label":"Melted"},"primary_ip":null,"comments":""}
]}"#;

#[test]
fn devices_of_netbox_come_with_their_racks() {
    let mut desk = Desk::default();
    let report = desk.import(ImportKind::Netbox, NETBOX_DEVICES);
    assert!(report.refused.iter().any(|r| r.line == 3 && r.reason.contains("melted")), "{report:?}");
    let switch = ci(&desk, "sw-gdy-01");
    assert_eq!(
        (switch.class.as_str(), switch.model.as_str(), switch.manufacturer.as_str()),
        ("access switch", "NX-9540", "Norvik")
    );
    assert_eq!(
        (switch.serial_number.as_str(), switch.asset_tag.as_str(), switch.location.u),
        ("NV123", "A-17", Some(12))
    );
    assert_eq!(
        (switch.location.building.as_str(), switch.location.room.as_str(), switch.location.rack.as_str()),
        ("Gdynia", "Room 2", "R07")
    );
    assert_eq!(ci(&desk, "NV124").status, CiStatus::Planned, "without a name it is called by its serial number");
    assert_eq!(relations(&desk), ["Gdynia R07 contains NV124", "Gdynia R07 contains sw-gdy-01"]);
    let commands = desk.commands;
    desk.import(ImportKind::Netbox, NETBOX_DEVICES);
    assert_eq!(desk.commands, commands, "nothing is made twice");
}

#[test]
fn tables_of_netbox_are_told_apart_by_their_columns() {
    let mut desk = Desk::default();
    let racks = "ID,Name,Status,Site,Location,Facility ID,Tenant,Role,Serial number,Asset tag,Type,Height,Comments\n3,R07,Active,Gdynia,Room 2,,,,RS1,,,42U,\n";
    assert_eq!(counts(&desk.import(ImportKind::Netbox, racks)).1, 1);
    assert_eq!(ci(&desk, "Gdynia R07").attributes.get("height in u").map(String::as_str), Some("42"));
    let devices = "Name,Status,Tenant,Site,Location,Rack,Role,Manufacturer,Type,IP Address,Serial number,Asset tag,Position\n\
        sw-1,Active,,Gdynia,Room 2,R07,Access switch,Norvik,NX-9540,10.0.0.1/24,S1,T1,12\nsw-2,Active,,Gdynia,Room 2,R07,Access switch,Norvik,NX-9540,,S2,T2,13\n";
    let report = desk.import(ImportKind::Netbox, devices);
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(relations(&desk), ["Gdynia R07 contains sw-1", "Gdynia R07 contains sw-2"]);
    let cables = "ID,Label,Termination A,Device A,Rack A,Termination B,Device B,Rack B,Status,Type\n1,,eth0,sw-1,R07,eth0,sw-2,R07,Connected,CAT6\n2,,eth1,sw-1,R07,,,,Connected,\n";
    let report = desk.import(ImportKind::Netbox, cables);
    assert_eq!((report.created, lines_of(&report)), (1, vec![3]), "{report:?}");
    let machines = "Name,Status,Site,Cluster,Device,Role,Tenant,vCPUs,Memory (MB),Disk,IP Address\nvm-1,Active,Gdynia,c-1,,app,,4,8192,40,10.0.0.9/24\n";
    desk.import(ImportKind::Netbox, machines);
    assert!(relations(&desk).contains(&"vm-1 hosted on c-1".to_owned()), "{:?}", relations(&desk));
    assert_eq!(ci(&desk, "c-1").class, "cluster");
}

#[test]
fn sites_and_cables_of_the_netbox_interface() {
    let mut desk = Desk::default();
    let sites = r#"{"results":[{"id":1,"name":"Gdynia","slug":"gdynia","status":{"value":"active"},"facility":"GDY1","time_zone":"Europe/Warsaw","physical_address":"Pier 4"},{"id":2,"name":"","slug":"x","facility":"","time_zone":null,"physical_address":""}]}"#;
    let report = desk.import(ImportKind::Netbox, sites);
    assert_eq!((report.created, lines_of(&report)), (1, vec![2]), "{report:?}");
    assert_eq!(desk.import(ImportKind::Netbox, sites).unchanged, 1);
    desk.import(ImportKind::Netbox, NETBOX_DEVICES);
    assert!(ci(&desk, "sw-gdy-01").location.site.is_some(), "a site that is known is the site");
    let cables = r#"{"results":[{"id":80,"a_terminations":[{"object_type":"dcim.interface","object_id":6,"object":{"id":6,"device":{"id":1,"name":"sw-gdy-01"},"name":"eth0"}}],"b_terminations":[{"object_type":"dcim.interface","object_id":7,"object":{"id":7,"device":{"id":2,"name":"NV124"},"name":"mgmt"}}],"status":{"value":"connected"}}]}"#;
    assert_eq!(desk.import(ImportKind::Netbox, cables).created, 1);
    let interfaces = r#"[{"id":6,"device":{"id":1,"name":"sw-gdy-01"},"name":"eth0","mgmt_only":false,"connected_endpoints":[{"id":7,"device":{"id":2,"name":"NV124"},"name":"mgmt"}]},{"id":8,"device":{"name":"sw-gdy-01"},"name":"eth1","mgmt_only":false,"connected_endpoints":null}]"#;
    let report = desk.import(ImportKind::Netbox, interfaces);
    assert_eq!((report.created, report.unchanged), (0, 1), "the cable is known: {report:?}");
}

#[test]
fn objects_of_itop_come_with_their_links_from_every_form() {
    let json = r#"{"code":0,"message":"Found: 4","objects":{
        "Server::1":{"code":0,"message":"","class":"Server","key":"1","fields":{"name":"srv-01","organization_name":"Harbour","status":"production","business_criticity":"high","brand_name":"Norvik","model_name":"S-200","serialnumber":"SN1","asset_number":"AN1","location_name":"Hall 3","rack_name":"R1","osfamily_name":"Linux","description":"","applicationsolution_list":[{"applicationsolution_id":"4","applicationsolution_name":"Payroll"}],"softwares_list":[]}},
        "Rack::2":{"class":"Rack","key":"2","fields":{"name":"R1","status":"production","business_criticity":"low"}},
        "VirtualMachine::3":{"class":"VirtualMachine","key":"3","fields":{"name":"vm-01","status":"stock","business_criticity":"medium","virtualhost_name":"srv-01"}},
        "ApplicationSolution::4":{"class":"ApplicationSolution","key":"4","fields":{"name":"Payroll","status":"active","business_criticity":"high","functionalcis_list":[{"functionalci_id":"1","functionalci_name":"srv-01"}]}}}}"#;
    let mut desk = Desk::default();
    let report = desk.import(ImportKind::Itop, json);
    assert!(report.is_clean(), "{report:?}");
    let server = ci(&desk, "srv-01");
    assert_eq!(
        (server.class.as_str(), server.criticality, server.location.building.as_str()),
        ("server", Criticality::High, "Hall 3")
    );
    assert_eq!(ci(&desk, "vm-01").class, "virtual machine");
    assert_eq!(relations(&desk), ["Payroll depends on srv-01", "R1 contains srv-01", "vm-01 hosted on srv-01"]);
    let commands = desk.commands;
    assert!(desk.import(ImportKind::Itop, json).is_clean());
    assert_eq!(desk.commands, commands, "nothing is made twice");

    let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Set><Server id=\"1\"><name>srv-01</name><status>production</status>\
        <business_criticity>high</business_criticity><serialnumber>SN1</serialnumber><brand_name>Norvik</brand_name></Server>\
        <NetworkDevice id=\"9\"><name>sw-9</name><status>implementation</status></NetworkDevice>\
        <lnkConnectableCIToNetworkDevice id=\"5\"><connectableci_name>srv-01</connectableci_name><networkdevice_name>sw-9</networkdevice_name></lnkConnectableCIToNetworkDevice></Set>";
    let report = desk.import(ImportKind::Itop, xml);
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(ci(&desk, "sw-9").class, "network device");
    assert!(
        relations(&desk).contains(&"srv-01 connects to sw-9".to_owned())
            || relations(&desk).contains(&"sw-9 connects to srv-01".to_owned())
    );
}

#[test]
fn a_table_of_itop_needs_to_say_its_class() {
    let csv = "Name,Organization->Name,Status,Business criticality,Brand->Name,Model->Name,Serial number,Asset number,Location->Name\n\
        srv-7,Harbour,production,low,Norvik,S-200,SN7,AN7,Hall 3\n";
    let mut desk = Desk::default();
    let report = desk.import(ImportKind::Itop, csv);
    assert!(report.refused[0].reason.contains("class"), "{report:?}");
    let mapping: Mapping = serde_json::from_value(serde_json::json!({ "constants": { "class": "Server" } })).unwrap();
    let report = desk.run_mapped(ImportKind::Itop, csv, Mode::Take, Some(mapping), 0).unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(ci(&desk, "srv-7").criticality, Criticality::Low);
}

#[test]
fn assets_of_snipe_it_are_called_by_name_or_tag() {
    let csv = "ID,Company,Asset Name,Asset Tag,Serial,Model,Model No.,Category,Status,Checked Out To,Location,Default Location,Manufacturer,Supplier,Purchase Date,Purchase Cost,Order Number,Warranty,Notes\n\
        1,Harbour,desk-01,A-0001,S1,Lyra 15,L15,Laptop,Deployed,Ines Marlow,Gdynia,Gdynia,Norvik,,2025-02-01,\"1.200,50\",PO1,36 months,\n\
        2,Harbour,,A-0002,S2,Lyra 15,L15,Laptop,Ready to Deploy,,,Gdynia,Norvik,,,,,,spare\n\
        3,Harbour,Docking station,A-0003,S3,Dock 2,,Accessory,Archived,,,,Norvik,,,,,,\n\
        4,Harbour,Docking station,A-0004,S4,Dock 2,,Accessory,Shelf of honour,,,,Norvik,,,,,,\n\
        5,Harbour,,,S5,Dock 2,,Accessory,Archived,,,,Norvik,,,,,,\n";
    let mut desk = Desk::default();
    let report = desk.import(ImportKind::SnipeIt, csv);
    assert_eq!((report.created, lines_of(&report)), (4, vec![6]), "{report:?}");
    let laptop = ci(&desk, "desk-01");
    assert_eq!(
        (laptop.class.as_str(), laptop.status, laptop.asset_tag.as_str()),
        ("laptop", CiStatus::InUse, "A-0001")
    );
    assert_eq!(laptop.location.building, "Gdynia");
    assert_eq!(ci(&desk, "A-0002").status, CiStatus::Available);
    assert_eq!(
        ci(&desk, "Docking station (A-0004)").attributes.get("snipe-it status").map(String::as_str),
        Some("Shelf of honour")
    );
    let commands = desk.commands;
    assert_eq!(desk.import(ImportKind::SnipeIt, csv).unchanged, 4);
    assert_eq!(desk.commands, commands, "nothing is made twice");

    let json = r#"{"total":1,"rows":[{"id":9,"name":"desk-09","asset_tag":"A-0009","serial":"S9","model":{"id":1,"name":"Lyra 15"},"model_number":"L15","status_label":{"id":2,"name":"In repair","status_type":"undeployable","status_meta":"undeployable"},"category":{"id":1,"name":"Laptop"},"manufacturer":{"id":1,"name":"Norvik"},"location":{"id":1,"name":"Gdynia"},"rtd_location":null,"assigned_to":null,"notes":null}]}"#;
    assert!(desk.import(ImportKind::SnipeIt, json).is_clean());
    assert_eq!(ci(&desk, "desk-09").status, CiStatus::InMaintenance);
}

#[test]
fn a_file_of_another_kind_is_refused_whole() {
    let mut desk = Desk::default();
    for kind in [ImportKind::ServiceManager, ImportKind::Netbox, ImportKind::SnipeIt] {
        let error = desk.run(kind, "a,b\n1,2\n", Mode::Take).unwrap_err();
        assert!(error.has("NOT_OF_THIS_KIND"), "{kind:?}: {error}");
    }
}
